import {
  type HostTensor,
  type MultiTaskDataset,
  PolytaskError,
  type TableDataset,
  type TableInput,
  tableDataset,
} from '@polytask/core';

/** Rows of a data set in memory. */
export interface RowsInHand {
  readonly size: number;
  readonly inputs: { readonly [input: string]: HostTensor };
  readonly columns: { readonly [column: string]: HostTensor };
  /** The same rows as a data set, with some inputs in the place of their own. */
  dataset(inputs?: { readonly [input: string]: HostTensor }): TableDataset;
}

/**
 * Reads the first rows of a data set, in their own order.
 *
 * Shapes: inputs and columns `[rows, ...]`.
 *
 * @param most - How many rows at most. Default: all.
 * @throws `POLYTASK_DATASET` for data sets whose tasks have rows of their own, which cannot be laid side by side.
 * @example
 * ```ts
 * import { readRows } from '@polytask/analysis';
 * import { tableDataset } from '@polytask/core';
 *
 * const dataset = tableDataset({ inputs: { x: { data: [1, 2, 3], shape: [3] } }, columns: { y: [4, 5, 6] } });
 * const rows = await readRows(dataset, 2);
 * console.log(rows.size, rows.inputs.x?.data); // => 2 Float32Array(2) [ 1, 2 ]
 * ```
 */
export async function readRows(dataset: MultiTaskDataset, most = Number.POSITIVE_INFINITY): Promise<RowsInHand> {
  if (dataset.sources.length > 1) {
    const advice = 'Pass the data set of one of the tasks.';
    throw new PolytaskError(
      'POLYTASK_DATASET',
      `Rows must have all labels side by side, but tasks have data sets of their own. ${advice}`,
    );
  }
  const cursor = dataset.open({ batchSize: Math.min(1024, most) });
  cursor.seek(0, 0);
  const inputs: Record<string, HostTensor[]> = {};
  const columns: Record<string, HostTensor[]> = {};
  const weights: Record<string, HostTensor[]> = {};
  const add = (to: Record<string, HostTensor[]>, name: string, tensor: HostTensor) => {
    to[name] = [...(to[name] ?? []), tensor];
  };
  let size = 0;
  for (let raw = await cursor.next(); raw !== null && size < most; raw = await cursor.next()) {
    const rows = Math.min(raw.size, most - size);
    for (const [name, tensor] of Object.entries(raw.inputs)) add(inputs, name, firstRows(tensor, rows));
    for (const [name, tensor] of Object.entries(raw.columns)) add(columns, name, firstRows(tensor, rows));
    for (const [name, data] of Object.entries(raw.sampleWeights)) {
      add(weights, name, firstRows({ data, shape: [data.length] }, rows));
    }
    size += rows;
  }
  const joined = (parts: Record<string, HostTensor[]>) =>
    Object.fromEntries(Object.entries(parts).map(([name, tensors]) => [name, join(tensors)]));
  const [ownInputs, ownColumns] = [joined(inputs), joined(columns)];
  const sampleWeights = Object.fromEntries(
    Object.entries(joined(weights)).map(([name, { data }]) => [name, data as Float32Array]),
  );
  return {
    size,
    inputs: ownInputs,
    columns: ownColumns,
    dataset: (others = {}) =>
      tableDataset({
        inputs: Object.fromEntries(
          Object.entries({ ...ownInputs, ...others }).map(([name, tensor]) => {
            const { categories, vocabulary, mask } = dataset.inputs[name] ?? {};
            const more = {
              ...(categories && { categories }),
              ...(vocabulary && { vocabulary }),
              ...(mask && { mask }),
            };
            return [name, { ...tensor, ...more } as TableInput];
          }),
        ),
        columns: ownColumns,
        ...(Object.keys(sampleWeights).length > 0 && { sampleWeights }),
      }),
  };
}

function firstRows({ data, shape }: HostTensor, rows: number): HostTensor {
  const width = data.length / (shape[0] as number);
  return { data: data.slice(0, rows * width), shape: [rows, ...shape.slice(1)] };
}

function join(tensors: readonly HostTensor[]): HostTensor {
  const [first] = tensors as [HostTensor];
  const rows = tensors.reduce((sum, { shape }) => sum + (shape[0] as number), 0);
  const size = tensors.reduce((sum, { data }) => sum + data.length, 0);
  const data = first.data instanceof Int32Array ? new Int32Array(size) : new Float32Array(size);
  let start = 0;
  for (const tensor of tensors) {
    data.set(tensor.data, start);
    start += tensor.data.length;
  }
  return { data, shape: [rows, ...first.shape.slice(1)] };
}
