import { requireOption } from '@polytask/core';
import { Matrix, pseudoInverse } from 'ml-matrix';
import { centred, matrixOf, type Rows, requireSameRows } from '../numbers/matrices.js';

/** How {@link hScore} estimates. */
export interface HScoreOptions {
  /** How far the covariance of the features is drawn towards a multiple of the identity: 0 … 1. Default 0, as in the paper. */
  readonly shrinkage?: number;
}

/**
 * H-score: how much of the spread of features lies between the classes of a task.
 *
 * $$ H = \operatorname{tr}\big( \operatorname{cov}(f)^{+}\, \operatorname{cov}(\mathbb E[f \mid y]) \big), \qquad
 * \operatorname{cov}(f) \leftarrow (1 - s) \operatorname{cov}(f) + s\, \tfrac{\operatorname{tr} \operatorname{cov}(f)}{D} I $$
 *
 * where s is `shrinkage`.
 *
 * Shapes: features `[rows][D]`, labels `[rows]` → a number from 0 to the lesser of D and classes − 1, the higher the better.
 *
 * @remarks Rows without a label are left out. With as many features as rows every score is as high as it can be, whatever the
 * labels: shrink, or take {@link logMe}.
 * @param labels - Classes from 0; below 0, or NaN, where there is no label.
 * @throws `POLYTASK_SHAPE_MISMATCH` where the numbers of rows differ; `POLYTASK_INVALID_OPTION` where fewer than 2 rows have a label.
 * @see Y. Bao et al., "An information-theoretic approach to transferability in task transfer learning", ICIP 2019,
 * https://arxiv.org/abs/2212.10082.
 * @example
 * ```ts
 * import { hScore } from '@polytask/analysis';
 *
 * console.log(hScore([[1], [1], [-1], [-1]], [0, 0, 1, 1]).toFixed(6)); // => 1.000000
 * ```
 */
export function hScore(features: Rows, labels: ArrayLike<number>, { shrinkage = 0 }: HScoreOptions = {}): number {
  requireSameRows('`features`', features, labels);
  requireOption(shrinkage >= 0 && shrinkage <= 1, 'shrinkage', 'a share from 0 to 1', shrinkage);
  const rows = Array.from(labels, (_, row) => row).filter((row) => (labels[row] as number) >= 0);
  requireOption(rows.length >= 2, 'labels', 'labels of at least 2 rows', rows.length);
  const f = centred(
    matrixOf(
      rows.map((row) => features[row] as ArrayLike<number>),
      'features',
    ),
  );
  const means = new Map<number, { sum: Matrix; count: number }>();
  rows.forEach((row, n) => {
    const label = labels[row] as number;
    const { sum, count } = means.get(label) ?? { sum: Matrix.zeros(1, f.columns), count: 0 };
    means.set(label, { sum: Matrix.add(sum, f.getRowVector(n)), count: count + 1 });
  });
  const between = Matrix.zeros(f.columns, f.columns);
  for (const { sum, count } of means.values()) between.add(sum.transpose().mmul(sum).div(count));
  const within = f.transpose().mmul(f);
  const spread = within.trace() / f.columns;
  within.mul(1 - shrinkage).add(Matrix.eye(f.columns, f.columns, shrinkage * spread));
  return pseudoInverse(within, 1e-12 * spread * f.columns)
    .mmul(between)
    .trace();
}
