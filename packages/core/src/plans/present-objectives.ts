/** The rows and columns of the objectives present. */
export function compacted(gramian: Float64Array, active: readonly number[], k: number): Float64Array {
  if (active.length === k) return gramian;
  return Float64Array.from(active.flatMap((row) => active.map((column) => gramian[row * k + column] as number)));
}

/** One weight per objective, 0 for those that are not present. */
export function spread(weights: Float64Array, active: readonly number[], k: number): Float64Array {
  const all = new Float64Array(k);
  active.forEach((objective, i) => {
    all[objective] = weights[i] as number;
  });
  return all;
}
