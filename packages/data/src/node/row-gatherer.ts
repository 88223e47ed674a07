import type { HostTensor, RawBatch } from '@polytask/core';
import { type LabelLayout, type RowLayout, wordsOf } from './row-file.js';
import type { RowsInMemory } from './row-file-reader.js';

/**
 * A batch of `size` rows, and what fills it row by row from words in memory.
 *
 * @param columns - Names of the layout's labels.
 * @param weights - By label column: which of the layout's weights its rows have.
 */
export function gatherer(
  layout: RowLayout,
  size: number,
  columns: readonly string[],
  weights: { readonly [column: string]: number } = {},
): { batch: RawBatch; ids: Int32Array; take(row: number, words: RowsInMemory, at: number): void } {
  const { numbers: width, ids: idCount, labels } = layout;
  const words = wordsOf(layout);
  const numbers = new Float32Array(size * width);
  const categories = new Int32Array(size * idCount);
  const targets = labels.map((label) => {
    const length = size * (label.size ?? 1);
    return label.dtype === 'float32' ? new Float32Array(length) : new Int32Array(length);
  });
  const rowWeights = layout.weights.map(() => new Float32Array(size));
  const ids = new Int32Array(size);
  const inputs: Record<string, HostTensor> = {};
  if (width > 0) inputs.numbers = { data: numbers, shape: [size, width] };
  if (idCount > 0) inputs.categories = { data: categories, shape: [size, idCount] };
  const batch: RawBatch = {
    size,
    inputs,
    columns: Object.fromEntries(
      columns.map((name, l) => [name, { data: targets[l] as Float32Array, shape: labelShape(labels[l], size) }]),
    ),
    sampleWeights: Object.fromEntries(
      Object.entries(weights).map(([column, index]) => [column, rowWeights[index] as Float32Array]),
    ),
    ids: Object.fromEntries(columns.map((name) => [name, ids])),
  };
  const take = (row: number, { floats, ints }: RowsInMemory, at: number) => {
    if (width > 0) numbers.set(floats.subarray(at, at + width), row * width);
    for (let i = 0; i < idCount; i++) categories[row * idCount + i] = ints[at + width + i] as number;
    let place = at + width + idCount;
    for (let l = 0; l < targets.length; l++) {
      const target = targets[l] as Float32Array | Int32Array;
      const { size: each = 1 } = labels[l] as LabelLayout;
      const from = target instanceof Float32Array ? floats : ints;
      for (let i = 0; i < each; i++) target[row * each + i] = from[place++] as number;
    }
    for (const weight of rowWeights) weight[row] = floats[place++] as number;
    ids[row] = ints[at + words - 1] as number;
  };
  return { batch, ids, take };
}

/** A label of one number has no dimension of its own. */
export function labelShape(label: LabelLayout | undefined, rows: number): number[] {
  return label?.size === undefined ? [rows] : [rows, label.size];
}
