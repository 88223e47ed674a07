import type { HostTensor, RawBatch } from '@polytask/core';
import { type LabelLayout, type RowLayout, usualNames, wordsOf } from './row-file.js';
import type { TakeRows } from './row-file-reader.js';

/**
 * A batch of `size` rows, and what fills it from words in memory.
 *
 * @param columns - Names of the layout's labels.
 * @param weights - By label column: which of the layout's weights its rows have.
 * @param before - A batch of the same layout, whose inputs may be written over.
 */
export function gatherer(
  layout: RowLayout,
  size: number,
  columns: readonly string[],
  weights: { readonly [column: string]: number } = {},
  before?: RawBatch,
): { batch: RawBatch; ids: Int32Array; take: TakeRows } {
  const { numbers: width, ids: idCount, labels, names = usualNames } = layout;
  const words = wordsOf(layout);
  const old: RawBatch['inputs'] = before?.size === size ? before.inputs : {};
  const [oldNumbers, oldCategories] = [old[names.numbers], old[names.categories]];
  const numbers = (oldNumbers?.data ?? new Float32Array(size * width)) as Float32Array;
  const categories = (oldCategories?.data ?? new Int32Array(size * idCount)) as Int32Array;
  const targets = labels.map((label) => {
    const length = size * (label.size ?? 1);
    return label.dtype === 'float32' ? new Float32Array(length) : new Int32Array(length);
  });
  const rowWeights = layout.weights.map(() => new Float32Array(size));
  const ids = new Int32Array(size);
  const inputs: Record<string, HostTensor> = {};
  if (width > 0) inputs[names.numbers] = { data: numbers, shape: [size, width] };
  if (idCount > 0) inputs[names.categories] = { data: categories, shape: [size, idCount] };
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
  // As bits, which are copied by one loop whatever they mean.
  const bits = targets.map(({ buffer }) => new Int32Array(buffer));
  const weightBits = rowWeights.map(({ buffer }) => new Int32Array(buffer));
  const take: TakeRows = (row, { floats, ints }, places) => {
    // The last word of every row first, as copyRows does with one of every cache line.
    copyWords(ints, places, words - 1, 1, ids, row);
    if (width > 0) copyRows(floats, places, width, numbers, row);
    let offset = width;
    if (idCount > 0) copyWords(ints, places, offset, idCount, categories, row);
    offset += idCount;
    bits.forEach((target, l) => {
      const { size: each = 1 } = labels[l] as LabelLayout;
      copyWords(ints, places, offset, each, target, row);
      offset += each;
    });
    for (const weight of weightBits) copyWords(ints, places, offset++, 1, weight, row);
  };
  return { batch, ids, take };
}

/** The first `width` words of every row. */
function copyRows(from: Float32Array, places: Uint32Array, width: number, to: Float32Array, row: number): void {
  const buffer = from.buffer as ArrayBuffer;
  // One number of every cache line beforehand: rows lie scattered, and this loop has many lines under way from memory at once.
  for (let i = 0; i < places.length; i++) {
    const at = places[i] as number;
    for (let j = 0; j < width; j += 16) to[(row + i) * width + j] = from[at + j] as number;
  }
  for (let i = 0; i < places.length; i++) {
    // Not `subarray`, which takes longer to make the view.
    const view = new Float32Array(buffer, from.byteOffset + (places[i] as number) * from.BYTES_PER_ELEMENT, width);
    to.set(view, (row + i) * width);
  }
}

/** `count` words from `offset` on, of every row. */
function copyWords(
  from: Int32Array,
  places: Uint32Array,
  offset: number,
  count: number,
  to: Int32Array,
  row: number,
): void {
  for (let i = 0; i < places.length; i++) {
    const at = (places[i] as number) + offset;
    for (let j = 0; j < count; j++) to[(row + i) * count + j] = from[at + j] as number;
  }
}

/** A label of one number has no dimension of its own. */
export function labelShape(label: LabelLayout | undefined, rows: number): number[] {
  return label?.size === undefined ? [rows] : [rows, label.size];
}
