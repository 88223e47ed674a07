import { requireOption } from '@polytask/core';
import type { Matrix } from 'ml-matrix';
import { centred, matrixOf, type Rows, requireSameRows, squaredNorm } from '../numbers/matrices.js';

/** How {@link linearCka} estimates. */
export interface CkaOptions {
  /** Whether the bias that few rows bring is taken out. Default true. */
  readonly unbiased?: boolean;
}

/**
 * Linear centred kernel alignment: how similar two representations of the same rows are, up to rotation and scale.
 *
 * $$ \text{CKA} = \frac{\text{HSIC}(K, L)}{\sqrt{\text{HSIC}(K, K)\, \text{HSIC}(L, L)}}, \qquad K = X X^\top,\ L = Y Y^\top $$
 *
 * with, biased, $\text{HSIC}(K, L) = \lVert Y^\top X \rVert_F^2$ of centred columns, and unbiased, K and L having zeros on their
 * diagonals,
 *
 * $$ \text{HSIC}(K, L) = \frac{1}{N(N - 3)} \Big[ \operatorname{tr}(K L) + \frac{\mathbf 1^\top K \mathbf 1 \; \mathbf 1^\top L \mathbf 1}{(N - 1)(N - 2)}
 * - \frac{2}{N - 2}\, \mathbf 1^\top K L \mathbf 1 \Big]. $$
 *
 * Shapes: x `[N][p]`, y `[N][q]` → a number; at most 1, and 0 … 1 if biased. NaN where a side does not vary.
 *
 * @remarks Biased, features of more columns than rows look alike whatever they are. Unbiased, features that have nothing in common
 * give numbers around 0 on either side; it needs 4 rows and N² numbers of memory.
 * @throws `POLYTASK_SHAPE_MISMATCH` where the numbers of rows differ; `POLYTASK_INVALID_OPTION` for fewer than 4 rows, unbiased, and
 * rows of several lengths.
 * @see S. Kornblith, M. Norouzi, H. Lee and G. Hinton, "Similarity of neural network representations revisited", ICML 2019,
 * https://arxiv.org/abs/1905.00414; L. Song et al., "Feature selection via dependence maximization", JMLR 13, 2012, for the estimate.
 * @example
 * ```ts
 * import { linearCka } from '@polytask/analysis';
 *
 * const features = [[1, 0], [0, 2], [3, 1], [2, 2], [0, 1]];
 * const rotated = features.map(([a = 0, b = 0]) => [-3 * b, 3 * a]);
 * console.log(linearCka(features, rotated).toFixed(6)); // => 1.000000
 * ```
 */
export function linearCka(x: Rows, y: Rows, { unbiased = true }: CkaOptions = {}): number {
  requireSameRows('`y`', y, x);
  requireOption(!unbiased || x.length >= 4, 'x', 'at least 4 rows for an unbiased estimate', x.length);
  const [left, right] = [centred(matrixOf(x, 'x')), centred(matrixOf(y, 'y'))];
  const hsic = unbiased ? unbiasedHsic : biasedHsic;
  const [own, others] = [hsic(left, left), hsic(right, right)];
  // An unbiased estimate of what hardly varies may fall below 0.
  return own > 0 && others > 0 ? Math.min(1, hsic(left, right) / Math.sqrt(own) / Math.sqrt(others)) : Number.NaN;
}

function biasedHsic(x: Matrix, y: Matrix): number {
  return squaredNorm(x.transpose().mmul(y));
}

function unbiasedHsic(x: Matrix, y: Matrix): number {
  const n = x.rows;
  const [k, l] = [gramWithoutDiagonal(x), gramWithoutDiagonal(y)];
  const [rowsOfK, rowsOfL] = [k.sum('row'), l.sum('row')];
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  let trace = 0;
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) trace += k.get(i, j) * l.get(i, j);
  const cross = sum(rowsOfK.map((value, i) => value * (rowsOfL[i] as number)));
  return (trace + (sum(rowsOfK) * sum(rowsOfL)) / ((n - 1) * (n - 2)) - (2 / (n - 2)) * cross) / (n * (n - 3));
}

function gramWithoutDiagonal(matrix: Matrix): Matrix {
  const gram = matrix.mmul(matrix.transpose());
  for (let i = 0; i < gram.rows; i++) gram.set(i, i, 0);
  return gram;
}
