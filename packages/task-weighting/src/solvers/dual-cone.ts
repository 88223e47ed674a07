import { product } from './dense.js';
import { activeSet, blockPivoting, nonNegativeQuadratic, withUnitDiagonal } from './non-negative-quadratic.js';
import { principalPivots } from './principal-pivots.js';

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
  const more = nonNegativeQuadratic(
    gramian,
    slopes.map((slope) => -slope),
  );
  return more.map((value, i) => value + (weights[i] as number));
}

/**
 * The sum of the {@link projectOnDualCone | projections} of each gradient by itself, of u_i g_i for every i. The problems differ in their right sides only,
 * which are columns of G. So G is brought to scale once, and where block pivoting gives up, as it does where gradients have fewer dimensions
 * than there are tasks, one tableau goes from each problem's solution to the next one's.
 *
 * @param gramian G, row-major `[k, k]`.
 * @param weights u, not negative.
 * @throws `POLYTASK_SOLVER` where the solver does not come to an end.
 */
export function projectEachOnDualCone(gramian: Float64Array, weights: ArrayLike<number>): Float64Array {
  const k = weights.length;
  const { unit, inverse } = withUnitDiagonal(gramian);
  const total = Float64Array.from(weights);
  const rightOf = (i: number) => unit.slice(i * k, (i + 1) * k).map((cosine) => -cosine);
  const add = (i: number, more: Float64Array) => {
    const length = (weights[i] as number) / (inverse[i] as number);
    for (let j = 0; j < k; j++) total[j] = (total[j] as number) + (more[j] as number) * length * (inverse[j] as number);
  };
  const hard: number[] = [];
  for (let i = 0; i < k; i++) {
    const right = rightOf(i);
    if (right.every((value) => !(value > 0))) continue;
    const more = hard.length === 0 ? blockPivoting(unit, right) : undefined;
    if (more === undefined) hard.push(i);
    else add(i, more);
  }
  for (const { column, free } of principalPivots(unit, hard)) {
    const right = rightOf(column);
    add(column, blockPivoting(unit, right, free) ?? activeSet(unit, right, free));
  }
  return total;
}
