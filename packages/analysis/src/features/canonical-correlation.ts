import { requireOption } from '@polytask/core';
import type { Matrix } from 'ml-matrix';
import { centred, matrixOf, type Rows, requireSameRows, singularValues } from '../numbers/matrices.js';
import { meanOf } from '../numbers/statistics.js';

/** Directions below this share of the largest are rounding of float32 numbers. */
const rankTolerance = 1e-6;

/**
 * Canonical correlations: the largest correlation between a direction of one set of columns and one of another, then the largest
 * between directions uncorrelated with the first, and so on.
 *
 * $$ \rho = \operatorname{singular\ values}\big( Q_X^\top Q_Y \big) $$
 *
 * where Q_X and Q_Y are orthonormal bases of the centred columns, so that ρ does not depend on how either side is scaled or rotated.
 *
 * Shapes: x `[rows][p]`, y `[rows][q]` → at most min(p, q) numbers in [0, 1], falling; none where a side does not vary.
 *
 * @remarks Needs many more rows than columns: with as many columns as rows everything correlates perfectly. Reduce features first
 * ({@link svcca}), or take {@link linearCka}, which has no such trap.
 * @throws `POLYTASK_SHAPE_MISMATCH` where the numbers of rows differ; `POLYTASK_INVALID_OPTION` for no rows, or rows of several lengths.
 * @see H. Hotelling, "Relations between two sets of variates", Biometrika 28, 1936.
 * @example
 * ```ts
 * import { canonicalCorrelations } from '@polytask/analysis';
 *
 * const [first = 0] = canonicalCorrelations([[1], [2], [3], [5]], [[-2], [-4], [-6], [-10]]);
 * console.log(first.toFixed(6)); // => 1.000000
 * ```
 */
export function canonicalCorrelations(x: Rows, y: Rows): number[] {
  requireSameRows('`y`', y, x);
  return correlationsOf(basisOf(matrixOf(x, 'x'), 1), basisOf(matrixOf(y, 'y'), 1));
}

/** How {@link svcca} reduces. */
export interface SvccaOptions {
  /** Share of the variance that the directions kept explain. Default 0.99, as in the paper. */
  readonly variance?: number;
}

/**
 * Similarity of two networks' features by canonical correlation of their main directions (SVCCA):
 *
 * $$ \text{SVCCA}(X, Y) = \frac1m \sum_{k \le m} \rho_k(X', Y') $$
 *
 * where X′ and Y′ are the fewest principal directions of X and Y that explain `variance` of their variance, ρ their canonical
 * correlations ({@link canonicalCorrelations}), and m the number of those.
 *
 * Shapes: x `[rows][p]`, y `[rows][q]` → a number in [0, 1]; NaN where a side does not vary.
 *
 * @throws As {@link canonicalCorrelations}.
 * @see M. Raghu, J. Gilmer, J. Yosinski and J. Sohl-Dickstein, "SVCCA", NeurIPS 2017, https://arxiv.org/abs/1706.05806.
 * @example
 * ```ts
 * import { svcca } from '@polytask/analysis';
 *
 * console.log(svcca([[1, 0], [0, 1], [1, 1], [3, 2]], [[0, 2], [2, 0], [2, 2], [4, 6]]).toFixed(6)); // => 1.000000
 * ```
 */
export function svcca(x: Rows, y: Rows, { variance = 0.99 }: SvccaOptions = {}): number {
  requireOption(variance > 0 && variance <= 1, 'variance', 'a share from above 0 to 1', variance);
  requireSameRows('`y`', y, x);
  return meanOf(correlationsOf(basisOf(matrixOf(x, 'x'), variance), basisOf(matrixOf(y, 'y'), variance)));
}

/** An orthonormal basis of the main directions of the centred columns; undefined where nothing varies. */
export function basisOf(matrix: Matrix, variance: number): Matrix | undefined {
  const { left, values } = singularValues(centred(matrix));
  const [largest = 0] = values;
  const scale = matrix.norm('max') * Math.sqrt(matrix.rows);
  const usable = values.filter((value) => value > rankTolerance * largest && value > 1e-14 * scale);
  const total = usable.reduce((sum, value) => sum + value ** 2, 0);
  let explained = 0;
  let kept = 0;
  for (const value of usable) {
    if (explained >= variance * total * (1 - 1e-12)) break;
    explained += value ** 2;
    kept += 1;
  }
  return kept === 0 ? undefined : left.subMatrix(0, matrix.rows - 1, 0, kept - 1);
}

/** Canonical correlations of two sides from such bases. */
export function correlationsOf(x: Matrix | undefined, y: Matrix | undefined): number[] {
  if (x === undefined || y === undefined) return [];
  return singularValues(x.transpose().mmul(y)).values.map((value) => Math.min(1, value));
}
