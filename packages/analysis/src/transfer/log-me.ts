import { requireOption } from '@polytask/core';
import type { Matrix } from 'ml-matrix';
import type { LabelValues } from '../labels/label-values.js';
import { matrixOf, type Rows, requireSameRows, singularValues } from '../numbers/matrices.js';
import { meanOf } from '../numbers/statistics.js';

/**
 * LogME: how well a linear model on frozen features explains labels, as the logarithm of its evidence per row, at its best prior
 * and noise precisions α and β.
 *
 * $$ \frac1N \Big[ \tfrac D2 \ln \alpha + \tfrac N2 \ln \beta - \tfrac12 \sum_{k \le D} \ln(\alpha + \beta \sigma_k)
 * - \tfrac \beta2 \lVert y - F m \rVert^2 - \tfrac \alpha2 \lVert m \rVert^2 - \tfrac N2 \ln 2\pi \Big] $$
 *
 * where
 * - F are the features `[N, D]`, σ the eigenvalues of FᵀF, 0 beyond its rank, and m the posterior mean of the weights;
 * - for classes, y is each class's column of the one-hot labels in turn, and the result the mean over classes; numbers are
 *   standardised first, so that scores of tasks with different units can be compared.
 *
 * Shapes: features `[rows][D]`, labels `[rows]` → a number, the higher the better the transfer.
 *
 * @remarks Rows without a label are left out. The reference implementation leaves out the terms ln α of directions beyond the rank,
 * which favours features with more columns than rows; here they are in. It does not standardise numbers.
 * @throws `POLYTASK_SHAPE_MISMATCH` where the numbers of rows differ; `POLYTASK_INVALID_OPTION` where fewer than 2 rows have a label.
 * @see K. You, Y. Liu, J. Wang and M. Long, "LogME: practical assessment of pre-trained models for transfer learning", ICML 2021,
 * https://arxiv.org/abs/2102.11005.
 * @example
 * ```ts
 * import { logMe } from '@polytask/analysis';
 *
 * const features = [[1, 0], [0.8, 0.2], [0.9, -0.1], [-1, 0.1], [-0.7, -0.2], [-1.1, 0.3]];
 * const told = logMe(features, { kind: 'classes', values: [0, 0, 0, 1, 1, 1] });
 * const untold = logMe(features, { kind: 'classes', values: [0, 1, 0, 1, 0, 1] });
 * console.log(told > untold); // => true
 * ```
 */
export function logMe(features: Rows, labels: LabelValues): number {
  requireSameRows('`features`', features, labels.values);
  const { rows, columns } = targetColumns(labels);
  requireOption(rows.length >= 2, 'labels', 'labels of at least 2 rows', rows.length);
  const matrix = matrixOf(
    rows.map((row) => features[row] as ArrayLike<number>),
    'features',
  );
  const decomposed = singularValues(matrix);
  return meanOf(columns.map((column) => logEvidence(matrix, decomposed, column)));
}

/** The labelled rows, and what is to be explained in them: standardised numbers, or a one-hot column for each class. */
function targetColumns({ kind, values }: LabelValues): { rows: number[]; columns: Float64Array[] } {
  const rows = Array.from({ length: values.length }, (_, row) => row).filter((row) =>
    kind === 'classes' ? (values[row] as number) >= 0 : Number.isFinite(values[row]),
  );
  const kept = Float64Array.from(rows, (row) => values[row] as number);
  if (kind === 'classes') {
    const classes = [...new Set(kept)].sort((a, b) => a - b);
    return { rows, columns: classes.map((one) => kept.map((value) => (value === one ? 1 : 0))) };
  }
  const mean = meanOf(kept);
  const deviation = Math.sqrt(meanOf(kept.map((value) => (value - mean) ** 2))) || 1;
  return { rows, columns: [kept.map((value) => (value - mean) / deviation)] };
}

/** Fixed point of α and β for one column, and the logarithm of the evidence per row there. */
export function logEvidence(
  { rows: n, columns: d }: Matrix,
  { left, values }: { left: Matrix; values: readonly number[] },
  y: Float64Array,
): number {
  const sigma = values.map((value) => value ** 2);
  const squares = values.map((_, k) => y.reduce((sum, value, row) => sum + value * left.get(row, k), 0) ** 2);
  const outside = Math.max(0, y.reduce((sum, value) => sum + value ** 2, 0) - squares.reduce((sum, x) => sum + x, 0));
  const over = (term: (sigma: number, square: number) => number) =>
    sigma.reduce((sum, value, k) => sum + term(value, squares[k] as number), 0);
  let [alpha, beta, t, weights, residuals] = [1, 1, 1, 0, 0];
  for (let iteration = 0; iteration < 11; iteration++) {
    const before = t;
    const gamma = over((s) => s / (s + t));
    weights = over((s, x) => (s * x) / (t + s) ** 2);
    residuals = over((s, x) => x / (1 + s / t) ** 2) + outside;
    alpha = gamma / (weights + 1e-5);
    beta = (n - gamma) / (residuals + 1e-5);
    t = alpha / beta;
    if (Math.abs(t - before) / before <= 1e-3) break;
  }
  const logDeterminant = over((s) => Math.log(alpha + beta * s)) + Math.max(0, d - sigma.length) * Math.log(alpha);
  return (
    ((d / 2) * Math.log(alpha) +
      (n / 2) * Math.log(beta) -
      logDeterminant / 2 -
      (beta / 2) * residuals -
      (alpha / 2) * weights -
      (n / 2) * Math.log(2 * Math.PI)) /
    n
  );
}
