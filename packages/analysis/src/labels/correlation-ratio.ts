import { meanOf } from '../numbers/statistics.js';
import { bothPresent } from './label-values.js';

/**
 * The correlation ratio: how much of the spread of numbers lies between classes.
 *
 * $$ \eta = \sqrt{\frac{\sum_c n_c \, (\bar y_c - \bar y)^2}{\sum_n (y_n - \bar y)^2}} $$
 *
 * where ȳ_c is the mean of the n_c numbers of class c, and n are the rows that have both labels.
 *
 * Shapes: two columns `[rows]` → a number in [0, 1]; NaN where the numbers are all the same, or the classes are.
 *
 * @remarks Grows with the number of classes by chance alone, as R² does; {@link labelDependence} has a permutation test.
 * @param classes - Classes from 0; below 0, or NaN, where there is no label.
 * @param numbers - NaN where there is no label.
 * @throws `POLYTASK_SHAPE_MISMATCH` where the columns differ in length.
 * @example
 * ```ts
 * import { correlationRatio } from '@polytask/analysis';
 *
 * console.log(correlationRatio([0, 0, 1, 1], [1, 3, 5, 7])); // => 0.8944271909999159
 * ```
 */
export function correlationRatio(classes: ArrayLike<number>, numbers: ArrayLike<number>): number {
  const [groups, values] = bothPresent(classes, numbers, (value, side) =>
    side === 0 ? value >= 0 : Number.isFinite(value),
  );
  if (new Set(groups).size < 2) return Number.NaN;
  const mean = meanOf(values);
  const byClass = new Map<number, { sum: number; count: number }>();
  let squares = 0;
  groups.forEach((group, row) => {
    const value = (values[row] as number) - mean;
    const { sum, count } = byClass.get(group) ?? { sum: 0, count: 0 };
    byClass.set(group, { sum: sum + value, count: count + 1 });
    squares += value ** 2;
  });
  if (squares === 0) return Number.NaN;
  let between = 0;
  for (const { sum, count } of byClass.values()) between += sum ** 2 / count;
  return Math.sqrt(Math.min(1, between / squares));
}
