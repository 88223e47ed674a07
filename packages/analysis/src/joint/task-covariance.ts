import { EigenvalueDecomposition } from 'ml-matrix';
import { matrixOf, type Rows } from '../numbers/matrices.js';

/** What {@link taskCovariance} finds. */
export interface TaskCovariance {
  /** Ω `[K][K]`, of trace 1. */
  readonly covariance: readonly (readonly number[])[];
  /** Ω_ij / √(Ω_ii Ω_jj) `[K][K]`: 1 for the same direction, −1 for opposite ones; NaN for weights that are all 0. */
  readonly correlation: readonly (readonly number[])[];
}

/**
 * The covariance between tasks that their weights amount to: the Ω under which tied columns or heads of the same shape are likeliest.
 *
 * $$ \Omega = \frac{(W W^\top)^{1/2}}{\operatorname{tr}\big((W W^\top)^{1/2}\big)} $$
 *
 * where W `[K, n]` has the weights of task k in row k.
 *
 * Shapes: weights `[K][n]`, such as `trainer.parameters.read('columns/<task>/dense0/kernel')` by task → Ω `[K][K]`.
 *
 * @remarks Networks that started from different values have units in different order, and their weights are related only as far as
 * they were tied (`l2Distance`, `traceNorm`), start alike, or are heads on the same features. The trace norm
 * of W is tr((W Wᵀ)^{1/2}), so this is the Ω that belongs to `traceNorm`.
 * @throws `POLYTASK_INVALID_OPTION` where rows differ in length.
 * @see Y. Zhang and D.-Y. Yeung, "A convex formulation for learning task relationships in multi-task learning", UAI 2010,
 * https://arxiv.org/abs/1203.3536.
 * @example
 * ```ts
 * import { taskCovariance } from '@polytask/analysis';
 *
 * const { correlation } = taskCovariance([[1, 0], [2, 0], [0, 3]]);
 * console.log(correlation.map((row) => row.map((value) => value.toFixed(1)).join(' '))); // => [ '1.0 1.0 0.0', '1.0 1.0 0.0', '0.0 0.0 1.0' ]
 * ```
 */
export function taskCovariance(weights: Rows): TaskCovariance {
  const matrix = matrixOf(weights, 'weights');
  const gramian = matrix.mmul(matrix.transpose());
  const { eigenvectorMatrix: vectors, realEigenvalues } = new EigenvalueDecomposition(gramian, {
    assumeSymmetric: true,
  });
  const roots = realEigenvalues.map((value) => Math.sqrt(Math.max(0, value)));
  const trace = roots.reduce((sum, root) => sum + root, 0);
  const scaled = vectors.clone().mulRowVector(roots.map((root) => root / trace));
  const covariance = scaled.mmul(vectors.transpose()).to2DArray();
  const size = (k: number) => covariance[k]?.[k] as number;
  const correlation = covariance.map((row, i) => row.map((value, j) => value / Math.sqrt(size(i) * size(j))));
  return { covariance, correlation };
}
