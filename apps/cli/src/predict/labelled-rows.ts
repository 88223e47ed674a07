import type { HostTensor, InputSpecs, MultiTaskDataset, RawBatch } from '@polytask/core';
import { inputsOfTable, joinLabels, type LabelOptions, type TableEncoding, type VectorLabel } from '@polytask/data';
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
 */
export function labelledRows(
  encoding: TableEncoding,
  labels: readonly (LabelOptions | VectorLabel)[],
  blocks: AsyncGenerator<RowBlock>,
  encoder: BlockEncoder,
  read: (rows: number) => void,
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
        sampleWeights: {},
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
