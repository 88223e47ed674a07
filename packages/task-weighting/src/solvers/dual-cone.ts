import { product } from './dense.js';
import { nonNegativeQuadratic } from './non-negative-quadratic.js';

/**
 * Projection onto the cone of directions that make no task worse: of $\sum_i u_i g_i$, in terms of the gradients again,
 *
 * $$ \arg\min_{v \ge u} v^\top G v $$
 *
 * @param gramian G, row-major `[k, k]`.
 * @param weights u, not negative.
 * @throws `POLYTASK_SOLVER` where the solver does not come to an end.
 */
export function projectOnDualCone(gramian: Float64Array, weights: ArrayLike<number>): Float64Array {
  const slopes = product(gramian, weights);
  if (slopes.every((slope) => slope >= 0)) return Float64Array.from(weights);
  const worse = [...slopes.keys()].filter((i) => (slopes[i] as number) < 0);
  const more = nonNegativeQuadratic(
    gramian,
    slopes.map((slope) => -slope),
    worse,
  );
  return more.map((value, i) => value + (weights[i] as number));
}
