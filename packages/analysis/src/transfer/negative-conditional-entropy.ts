import { bothClasses } from '../labels/label-values.js';
import { crossTable, entropyOf, informationOf } from '../numbers/statistics.js';

/**
 * Negative conditional entropy: what is known of a task's classes once another task's classes are.
 *
 * $$ \text{NCE} = -H(y \mid z) = \sum_{y, z} p(y, z) \ln \frac{p(y, z)}{p(z)} $$
 *
 * Shapes: two columns `[rows]` → a number of at most 0; 0 where z says what y is. NaN where no row has both.
 *
 * @param labels - y: classes from 0; below 0, or NaN, where there is no label.
 * @param source - z: the other task's labels, or the classes that its network predicts.
 * @throws `POLYTASK_SHAPE_MISMATCH` where the columns differ in length.
 * @see A. Tran, C. Nguyen and T. Hassner, "Transferability and hardness of supervised classification tasks", ICCV 2019,
 * https://arxiv.org/abs/1908.08142.
 * @example
 * ```ts
 * import { negativeConditionalEntropy } from '@polytask/analysis';
 *
 * console.log(negativeConditionalEntropy([0, 0, 1, 1, 0, 1], [0, 0, 1, 1, 1, 0]).toFixed(6)); // => -0.636514
 * ```
 */
export function negativeConditionalEntropy(labels: ArrayLike<number>, source: ArrayLike<number>): number {
  const table = crossTable(...bothClasses(labels, source));
  if (table.total === 0) return Number.NaN;
  // H(y | z) = H(y) − I(y; z)
  return Math.min(0, informationOf(table) - entropyOf(table.rowSums));
}
