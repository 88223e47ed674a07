import { unitGramian } from '@polytask/core';
import { diagonal, product, squaredLength, sumOf } from './dense.js';
import { nonNegativeQuadratic } from './non-negative-quadratic.js';
import { notConverged } from './not-converged.js';

/** Gramians of float32 gradients are no better than this; of exact ones the gap is below 1e-12. */
const allowedGap = 1e-4;

/**
 * The shortest convex combination of gradients:
 *
 * $$ \arg\min_{w \ge 0,\ \sum w = 1} w^\top G w $$
 *
 * Without the constraint on the sum it is $\min_{u \ge 0} u^\top G u + s (\sum u - 1)^2$, w being u divided by its sum, whatever s > 0;
 * s is the square of the shortest gradient's length, so that short gradients are not lost beside long ones.
 *
 * @param gramian G, row-major `[k, k]`.
 * @param start Tasks that probably have a weight, if that is known.
 * @throws `POLYTASK_SOLVER` where the gap $w^\top G w - \min_i (G w)_i$ stays large.
 */
export function minimumNorm(gramian: Float64Array, start?: readonly number[]): Float64Array {
  const { gramian: g } = unitGramian(gramian);
  const squares = diagonal(g);
  const k = squares.length;
  const least = Math.min(...squares);
  // Gradients of zero are the shortest there are.
  if (!(least > 0)) return shared(squares.map((square) => (square > 0 ? 0 : 1)));
  if (k === 1) return Float64Array.of(1);
  if (k === 2) return shortestOfTwo(g);
  const raised = new Float64Array(g.length);
  for (let at = 0; at < g.length; at++) raised[at] = (g[at] as number) + least;
  const w = shared(nonNegativeQuadratic(raised, new Float64Array(k).fill(least), start));
  const slopes = product(g, w);
  const gap = (squaredLength(g, w) - Math.min(...slopes)) / sumOf(squares);
  if (!(gap <= allowedGap)) throw notConverged('The shortest combination of the tasks’ gradients', gap, allowedGap);
  return w;
}

/** w_1 = clip((G_22 − G_12) / (G_11 − 2 G_12 + G_22), 0, 1). */
function shortestOfTwo(g: Float64Array): Float64Array {
  const [aa, ab, , bb] = g as unknown as [number, number, number, number];
  const difference = aa - ab + (bb - ab);
  const first = difference > 0 ? Math.min(1, Math.max(0, (bb - ab) / difference)) : 0.5;
  return Float64Array.of(first, 1 - first);
}

function shared(weights: Float64Array): Float64Array {
  const total = sumOf(weights);
  return weights.map((weight) => weight / total);
}
