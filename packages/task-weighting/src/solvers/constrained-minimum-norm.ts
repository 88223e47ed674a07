import { projectOnSimplex } from '@polytask/core';
import { diagonal, dot, product, sumOf } from './dense.js';
import { minimumNorm } from './minimum-norm.js';
import { notConverged } from './not-converged.js';

/** Of the gap, relative to the trace of G. */
const allowedGap = 1e-6;
const wantedGap = 1e-10;
const mostIterations = 20_000;

/** A constraint's gradient q, as far as the problem depends on it. */
export interface Constraint {
  /** q · g_k `[k]`. */
  readonly products: ArrayLike<number>;
  /** ‖q‖². */
  readonly square: number;
  /** φ: by which share of ‖q‖² the step has to lower the constraint. */
  readonly descent: number;
}

/** {@link constrainedMinimumNorm}. */
export interface ConstrainedShares {
  /** w `[k]`, on the simplex. */
  readonly weights: Float64Array;
  /** $\pi_k = \varphi - q \cdot g_k / \lVert q \rVert^2$ `[k]`; the constraint's multiplier is $\nu = \max(\pi^\top w, 0)$. */
  readonly pulls: Float64Array;
}

/**
 * The direction that helps the worst task most among those that lower a constraint enough, in its dual form:
 *
 * $$ \min_d \max_k\, g_k^\top d + \tfrac12 \lVert d \rVert^2 \quad \text{with} \quad q^\top d \le -\varphi \lVert q \rVert^2
 * \qquad\Leftrightarrow\qquad
 * \min_{w \in \Delta}\ \tfrac12 w^\top G w - \tfrac12 \lVert q \rVert^2 \max(\pi^\top w, 0)^2, \qquad d = -\sum_k w_k g_k - \nu q $$
 *
 * The function of w is convex and smooth: the least over ν ≥ 0 of a convex function of both. Where the constraint holds by itself it is
 * {@link minimumNorm}; else accelerated projected descent.
 *
 * @param gramian G, row-major `[k, k]`.
 * @throws `POLYTASK_SOLVER` where the gap stays large.
 */
export function constrainedMinimumNorm(
  gramian: Float64Array,
  { products, square, descent }: Constraint,
): ConstrainedShares {
  const free = minimumNorm(gramian);
  const pulls = Float64Array.from(products, (one) => (square > 0 ? descent - one / square : 0));
  const pull = (w: Float64Array) => Math.max(0, dot(w, pulls));
  if (pull(free) === 0) return { weights: free, pulls };
  const trace = sumOf(diagonal(gramian));
  const slopesAt = (w: Float64Array) => {
    const excess = square * pull(w);
    return product(gramian, w).map((slope, k) => slope - excess * (pulls[k] as number));
  };
  const gapAt = (w: Float64Array, slopes: Float64Array) => (dot(w, slopes) - Math.min(...slopes)) / trace;
  let [weights, ahead, momentum] = [free, free, 1];
  let gap = gapAt(free, slopesAt(free));
  for (let i = 0; i < mostIterations && gap > wantedGap; i++) {
    // G's largest eigenvalue is at most its trace, and the constraint only takes from the curvature.
    const slopes = slopesAt(ahead);
    const next = projectOnSimplex(ahead.map((share, k) => share - (slopes[k] as number) / trace));
    const turned =
      slopes.reduce((sum, slope, k) => sum + slope * ((next[k] as number) - (weights[k] as number)), 0) > 0;
    const grown = turned ? 1 : (1 + Math.sqrt(1 + 4 * momentum ** 2)) / 2;
    const push = turned ? 0 : (momentum - 1) / grown;
    ahead = next.map((share, k) => share + push * (share - (weights[k] as number)));
    [weights, momentum] = [next, grown];
    gap = gapAt(weights, slopesAt(weights));
  }
  if (!(gap <= allowedGap)) throw notConverged('The direction under a constraint', gap, allowedGap);
  return { weights, pulls };
}
