import type { Batch, HostTensor } from '@polytask/core';

/** A batch of one of its rows; undefined where its arrays are not rows side by side. */
export function oneRow(batch: Batch, row: number): Batch | undefined {
  const { size, inputs, targets, weights, ids, parts, rowTask } = batch;
  const paired = [...Object.values(inputs), ...Object.values(targets)].every(({ shape }) => shape[0] === size);
  if (!paired || parts !== undefined || rowTask !== undefined) return undefined;
  const tensor = ({ data, shape }: HostTensor): HostTensor => {
    const width = data.length / size;
    return { data: data.slice(row * width, (row + 1) * width), shape: [1, ...shape.slice(1)] };
  };
  const each = <Value>(values: { readonly [name: string]: Value }, of: (value: Value) => Value) =>
    Object.fromEntries(Object.entries(values).map(([name, value]) => [name, of(value)]));
  return {
    size: 1,
    inputs: each(inputs, tensor),
    targets: each(targets, tensor),
    weights: each(weights, (values) => values.slice(row, row + 1)),
    ids: each(ids, (values) => values.slice(row, row + 1)),
  };
}
