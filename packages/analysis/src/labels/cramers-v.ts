import { crossTable } from '../numbers/statistics.js';
import { bothClasses } from './label-values.js';

/**
 * Cramér's V between two columns of classes, with Bergsma's correction of its bias:
 *
 * $$ V = \sqrt{\frac{\tilde\varphi^2}{\min(\tilde r, \tilde c) - 1}}, \qquad
 * \tilde\varphi^2 = \max\Big(0,\ \frac{\chi^2}{n} - \frac{(r - 1)(c - 1)}{n - 1}\Big), \qquad
 * \tilde r = r - \frac{(r - 1)^2}{n - 1} $$
 *
 * where
 * - n are the rows that have both labels; r and c are the classes that occur in them, c̃ is as r̃;
 * - χ² is Pearson's statistic of their cross table.
 *
 * Shapes: two columns `[rows]` → a number in [0, 1]; NaN where a column has a single class in these rows.
 *
 * @remarks Without the correction, $V = \sqrt{\chi^2 / n / (\min(r, c) - 1)}$, independent columns of many classes and few rows look
 * related.
 * @param a - Classes from 0; below 0, or NaN, where there is no label.
 * @param options - `correctBias`: default true.
 * @throws `POLYTASK_SHAPE_MISMATCH` where the columns differ in length.
 * @see W. Bergsma, "A bias-correction for Cramér's V and Tschuprow's T", Journal of the Korean Statistical Society 42, 2013.
 * @example
 * ```ts
 * import { cramersV } from '@polytask/analysis';
 *
 * console.log(cramersV([0, 0, 1, 1], [1, 1, 0, 0], { correctBias: false })); // => 1
 * ```
 */
export function cramersV(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  { correctBias = true }: { readonly correctBias?: boolean } = {},
): number {
  const { counts, rowSums, columnSums, total: n } = crossTable(...bothClasses(a, b));
  const [r, c] = [rowSums.length, columnSums.length];
  if (Math.min(r, c) < 2) return Number.NaN;
  let chiSquared = 0;
  counts.forEach((row, i) => {
    row.forEach((count, j) => {
      const expected = ((rowSums[i] as number) * (columnSums[j] as number)) / n;
      chiSquared += (count - expected) ** 2 / expected;
    });
  });
  const phiSquared = chiSquared / n;
  if (!correctBias) return Math.sqrt(Math.min(1, phiSquared / (Math.min(r, c) - 1)));
  const corrected = Math.max(0, phiSquared - ((r - 1) * (c - 1)) / (n - 1));
  const side = (size: number) => size - (size - 1) ** 2 / (n - 1);
  const most = Math.min(side(r), side(c)) - 1;
  // With as many classes as rows nothing is left that could be known.
  return most > 0 ? Math.sqrt(Math.min(1, corrected / most)) : 0;
}
