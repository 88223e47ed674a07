import { requireOption } from '@polytask/core';
import { Matrix } from 'ml-matrix';
import { centred, matrixOf, type Rows, requireSameRows, singularValues } from '../numbers/matrices.js';

/** How {@link transRate} codes. */
export interface TransRateOptions {
  /** ε, the distortion that the code may have. Default 1e-4, as in the reference implementation. */
  readonly distortion?: number;
}

/**
 * TransRate: how much shorter features can be coded when the class of each row is known.
 *
 * $$ \text{TransRate} = R(f) - \frac1C \sum_c R(f_c), \qquad R(f) = \tfrac12 \ln\det\Big(I + \frac{f^\top f}{n\, \varepsilon}\Big) $$
 *
 * where f_c are the n_c features of class c; all are centred once, by the mean over all rows.
 *
 * Shapes: features `[rows][D]`, labels `[rows]` → a number, the higher the better the transfer.
 *
 * @remarks Rows without a label are left out. Every class counts the same, however many rows it has, and a score depends on the
 * scale of the features.
 * @param labels - Classes from 0; below 0, or NaN, where there is no label.
 * @throws `POLYTASK_SHAPE_MISMATCH` where the numbers of rows differ; `POLYTASK_INVALID_OPTION` where no row has a label.
 * @see L. Huang, J. Huang, Y. Rong, Q. Yang and Y. Wei, "Frustratingly easy transferability estimation", ICML 2022,
 * https://arxiv.org/abs/2106.09362.
 * @example
 * ```ts
 * import { transRate } from '@polytask/analysis';
 *
 * const features = [[1, 0], [1.1, 0], [-1, 0.1], [-0.9, 0]];
 * console.log(transRate(features, [0, 0, 1, 1]) > transRate(features, [0, 1, 0, 1])); // => true
 * ```
 */
export function transRate(features: Rows, labels: ArrayLike<number>, options: TransRateOptions = {}): number {
  const { distortion = 1e-4 } = options;
  requireSameRows('`features`', features, labels);
  requireOption(distortion > 0, 'distortion', 'a number above 0', distortion);
  const rows = Array.from(labels, (_, row) => row).filter((row) => (labels[row] as number) >= 0);
  requireOption(rows.length > 0, 'labels', 'a label in at least one row', 0);
  const f = centred(
    matrixOf(
      rows.map((row) => features[row] as ArrayLike<number>),
      'features',
    ),
  );
  const rate = (matrix: Matrix) =>
    singularValues(matrix).values.reduce((sum, s) => sum + Math.log1p(s ** 2 / (matrix.rows * distortion)), 0) / 2;
  const classes = [...new Set(rows.map((row) => labels[row] as number))];
  const byClass = classes.map((one) => {
    const members = rows.flatMap((row, n) => (labels[row] === one ? [n] : []));
    return rate(new Matrix(members.map((n) => f.getRow(n))));
  });
  return rate(f) - byClass.reduce((sum, value) => sum + value, 0) / classes.length;
}
