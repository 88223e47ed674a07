/**
 * How much better a score is than another, relative to the other's size: above 0 is better, whichever way scores are.
 *
 * $$ \text{gain} = \pm \frac{s' - s}{|s|} $$
 *
 * with − where lower scores are better.
 *
 * Shapes: two numbers → a number; NaN where the score to compare with is 0 or either is no number.
 *
 * @param before - The score to compare with, such as that of a task alone.
 * @example
 * ```ts
 * import { relativeGain } from '@polytask/analysis';
 *
 * console.log(relativeGain(0.8, 0.9, 'higher').toFixed(3), relativeGain(2, 3, 'lower')); // => 0.125 -0.5
 * ```
 */
export function relativeGain(before: number, after: number, better: 'higher' | 'lower'): number {
  if (before === 0 || !Number.isFinite(before)) return Number.NaN;
  const change = (after - before) / Math.abs(before);
  return better === 'higher' ? change : -change;
}
