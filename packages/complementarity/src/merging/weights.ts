import { type HostTensor, PolytaskError } from '@polytask/core';

/** Variables of a model by their paths, as `trainer.model()` has them. */
export type Weights = { readonly [path: string]: HostTensor };

/** Refuses models that do not have the same variables. Errors: `POLYTASK_MERGE`. */
export function requireSameWeights(models: readonly Weights[], start?: Weights): void {
  const refusal = (found: string) =>
    new PolytaskError(
      'POLYTASK_MERGE',
      `Models can be merged that have the same variables, of the same shapes, but ${found}. Merge what they have in common.`,
    );
  const [first, ...others] = start === undefined ? models : [start, ...models];
  if (first === undefined || models.length === 0) throw refusal('there is no model');
  for (const other of others) {
    for (const path of new Set([...Object.keys(first), ...Object.keys(other)])) {
      const [a, b] = [first[path], other[path]];
      if (a === undefined || b === undefined) throw refusal(`one of them has no \`${path}\``);
      else if (a.shape.join() !== b.shape.join())
        throw refusal(`\`${path}\` is [${a.shape.join(', ')}] in one and [${b.shape.join(', ')}] in another`);
    }
  }
}

/** Weights made path by path, in float64, from those of several models. */
export function mapWeights(
  models: readonly Weights[],
  merge: (values: readonly ArrayLike<number>[], path: string, shape: readonly number[]) => ArrayLike<number>,
): Weights {
  const [first = {}] = models;
  return Object.fromEntries(
    Object.entries(first).map(([path, { shape }]) => {
      const values = models.map((model) => (model[path] as HostTensor).data);
      return [path, { data: Float32Array.from(merge(values, path, shape)), shape }];
    }),
  );
}

/** What each model has moved from the start, path by path: τ = θ − θ₀. */
export function deltas(start: Weights, models: readonly Weights[]): { readonly [path: string]: Float64Array }[] {
  return models.map((model) =>
    Object.fromEntries(
      Object.entries(model).map(([path, { data }]) => {
        const from = (start[path] as HostTensor).data;
        return [path, Float64Array.from(data, (value, i) => value - (from[i] as number))];
      }),
    ),
  );
}
