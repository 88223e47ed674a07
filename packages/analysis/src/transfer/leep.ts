import { requireOption } from '@polytask/core';
import { matrixOf, type Rows, requireSameRows } from '../numbers/matrices.js';

/**
 * LEEP: how well another task's predicted probabilities tell the classes of a task.
 *
 * $$ \text{LEEP} = \frac1N \sum_n \ln \sum_z \hat P(y_n \mid z)\, p_n(z), \qquad
 * \hat P(y, z) = \frac1N \sum_{n: y_n = y} p_n(z) $$
 *
 * where p_n(z) is the probability that the source task's network gives to its class z in row n.
 *
 * Shapes: probabilities `[rows][source classes]`, labels `[rows]` → a number of at most 0; 0 is certainty.
 *
 * @remarks Rows without a label are left out, and so are source classes without any probability, which would give NaN.
 * @param labels - Classes from 0; below 0, or NaN, where there is no label.
 * @throws `POLYTASK_SHAPE_MISMATCH` where the numbers of rows differ; `POLYTASK_INVALID_OPTION` where no row has a label.
 * @see C. Nguyen, T. Hassner, M. Seeger and C. Archambeau, "LEEP: a new measure to evaluate transferability of learned
 * representations", ICML 2020, https://arxiv.org/abs/2002.12462.
 * @example
 * ```ts
 * import { leep } from '@polytask/analysis';
 *
 * console.log(leep([[1, 0], [0, 1], [1, 0]], [4, 2, 4])); // => 0
 * ```
 */
export function leep(probabilities: Rows, labels: ArrayLike<number>): number {
  requireSameRows('`probabilities`', probabilities, labels);
  const rows = Array.from(labels, (_, row) => row).filter((row) => (labels[row] as number) >= 0);
  requireOption(rows.length > 0, 'labels', 'a label in at least one row', 0);
  const p = matrixOf(
    rows.map((row) => probabilities[row] as ArrayLike<number>),
    'probabilities',
  ).to2DArray();
  const masses = new Array<number>((p[0] as number[]).length).fill(0);
  const joint = new Map<number, number[]>();
  rows.forEach((row, n) => {
    const label = labels[row] as number;
    const sums = joint.get(label) ?? masses.map(() => 0);
    joint.set(label, sums);
    p[n]?.forEach((value, z) => {
      sums[z] = (sums[z] as number) + value;
    });
  });
  for (const sums of joint.values()) for (const [z, value] of sums.entries()) masses[z] = (masses[z] as number) + value;
  let total = 0;
  rows.forEach((row, n) => {
    const sums = joint.get(labels[row] as number) as number[];
    const expected = sums.reduce((sum, value, z) => {
      const mass = masses[z] as number;
      return mass > 0 ? sum + (value / mass) * (p[n]?.[z] as number) : sum;
    }, 0);
    total += Math.log(expected);
  });
  return total / rows.length;
}
