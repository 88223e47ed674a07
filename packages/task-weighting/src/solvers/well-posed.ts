import { factorize } from './cholesky.js';
import { symmetricEigen } from './eigen.js';

/** Gradients in float32 are known to about this share of their length. */
const precision = 2 ** -23;

/**
 * Cosines whose smallest eigenvalue is at least that of rounding in float32. What is well-posed comes back as it is; otherwise just as
 * much is added to the diagonal, so that solutions change continuously and weights stay below some thousands.
 *
 * @param cosines Row-major `[k, k]`, with ones on the diagonal.
 */
export function wellPosed(cosines: Float64Array, k: number): Float64Array {
  const least = k * precision;
  const raised = (by: number) => cosines.map((value, at) => (at % (k + 1) === 0 ? value + by : value));
  const all = Array.from({ length: k }, (_, i) => i);
  if (factorize(raised(-least), k, all).kept.length === k) return cosines;
  return raised(least - (symmetricEigen(cosines, k).values[0] as number));
}
