import { correlation, rankCorrelation } from '../numbers/statistics.js';
import { bothPresent } from './label-values.js';

/**
 * Pearson's correlation between two columns of numbers:
 *
 * $$ r = \frac{\sum_n (a_n - \bar a)(b_n - \bar b)}{\sqrt{\sum_n (a_n - \bar a)^2 \, \sum_n (b_n - \bar b)^2}} $$
 *
 * where n are the rows in which both columns have a number.
 *
 * Shapes: two columns `[rows]` → a number in [-1, 1]; NaN where a column is all the same in these rows.
 *
 * @param a - NaN where there is no label.
 * @throws `POLYTASK_SHAPE_MISMATCH` where the columns differ in length.
 * @example
 * ```ts
 * import { pearsonCorrelation } from '@polytask/analysis';
 *
 * console.log(pearsonCorrelation([1, 2, 3, NaN], [2, 4, 6, 0]).toFixed(6)); // => 1.000000
 * ```
 */
export function pearsonCorrelation(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return correlation(...bothPresent(a, b));
}

/**
 * Spearman's rank correlation between two columns of numbers: whether one rises with the other, however bent the curve.
 *
 * Shapes: two columns `[rows]` → a number in [-1, 1], over the rows in which both have a number; NaN where a column is all the same.
 *
 * @remarks Core's metric `spearman` does the work: equal values share the mean of their ranks, and float32 decides what is equal.
 * @param a - NaN where there is no label.
 * @throws `POLYTASK_SHAPE_MISMATCH` where the columns differ in length.
 * @example
 * ```ts
 * import { spearmanCorrelation } from '@polytask/analysis';
 *
 * console.log(spearmanCorrelation([1, 2, 3, 4], [1, 10, 100, 1000])); // => 1
 * ```
 */
export function spearmanCorrelation(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return rankCorrelation(...bothPresent(a, b));
}
