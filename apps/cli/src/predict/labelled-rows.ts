import type { HostTensor, InputSpecs, MultiTaskDataset, RawBatch } from '@polytask/core';
import { inputsOfTable, joinLabels, type LabelOptions, type TableEncoding, type VectorLabel } from '@polytask/data';
import { InputError } from '@polytask/experiment/early';
import type { BlockEncoder } from './bad-rows.js';
import type { RowBlock } from './row-source.js';

/** Rows with labels that are read once, while they are measured; bad ones are left out. */
export interface LabelledRows {
  /** To be gone through once, from its beginning, in batches of the blocks' size. */
  readonly dataset: MultiTaskDataset;
  /** Rows that were read so far and are not bad. */
  readonly rows: number;
}

/**
 * A data set of encoded blocks as they come.
 *
 * @param labels - Of the tasks.
 * @param weights - By label, the column of weights; rows of a file that has no such column count once.
 */
export function labelledRows(
  encoding: TableEncoding,
  labels: readonly (LabelOptions | VectorLabel)[],
  blocks: AsyncGenerator<RowBlock>,
  encoder: BlockEncoder,
  read: (rows: number) => void,
  weights: { readonly [label: string]: string } = {},
): LabelledRows {
  let rows = 0;
  const next = async (): Promise<RawBatch | null> => {
    for (let block = await blocks.next(); block.done !== true; block = await blocks.next()) {
      const { encoded, isBad } = encoder.encode(block.value);
      const good = Array.from({ length: encoded.size }, (_, row) => row).filter((row) => !isBad(row));
      if (good.length === 0) continue;
      const ids = Int32Array.from(good, (_, row) => rows + row);
      rows += good.length;
      read(rows);
      const pick = (tensor: HostTensor) => (good.length === encoded.size ? tensor : pickRows(tensor, good));
      return {
        size: good.length,
        inputs: mapValues(encoded.inputs, pick),
        columns: Object.fromEntries(
          joinLabels(labels, encoded.columns, encoded.size).map(({ column, data, shape }) => [
            column,
            pick({ data, shape } as HostTensor),
          ]),
        ),
        sampleWeights: weightsIn(block.value, good, weights),
        ids: Object.fromEntries(labels.map(({ column }) => [column, ids])),
      };
    }
    return null;
  };
  return {
    get rows() {
      return rows;
    },
    dataset: {
      inputs: inputsOfTable(encoding) as InputSpecs,
      columns: labels.map(({ column }) => column),
      get size() {
        return rows;
      },
      sources: [],
      open: () => ({ seek() {}, seekTo() {}, position: () => ({}), next }),
      batches: ({ batchSize }) => Math.ceil(rows / batchSize),
    },
  };
}

/** Weights of the good rows of a block, by label. */
function weightsIn(
  { file, first, rows }: RowBlock,
  good: readonly number[],
  weights: { readonly [label: string]: string },
): { readonly [label: string]: Float32Array } {
  const there = Object.entries(weights).filter(([, column]) => rows.some((row) => Object.hasOwn(row, column)));
  return Object.fromEntries(
    there.map(([label, column]) => [
      label,
      Float32Array.from(good, (row) => {
        const given = rows[row]?.[column];
        const weight = given === null || given === undefined || given === '' ? Number.NaN : Number(given);
        if (weight >= 0 && Number.isFinite(weight)) return weight;
        const where = `${file}, row ${first + row + 1}, column \`${column}\``;
        throw new InputError([{ where, message: `a weight must be a number from 0, but is ${JSON.stringify(given)}` }]);
      }),
    ]),
  );
}

function mapValues<From, To>(values: { readonly [name: string]: From }, map: (value: From) => To) {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, map(value)]));
}

function pickRows({ data, shape: [, ...shape] }: HostTensor, rows: readonly number[]): HostTensor {
  const width = shape.reduce((product, length) => product * length, 1);
  const picked =
    data instanceof Int32Array ? new Int32Array(rows.length * width) : new Float32Array(rows.length * width);
  rows.forEach((row, index) => {
    picked.set(data.subarray(row * width, (row + 1) * width), index * width);
  });
  return { data: picked, shape: [rows.length, ...shape] };
}
