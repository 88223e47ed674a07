import { taskMatrix } from '../numbers/matrices.js';
import { relativeGain } from './relative-gain.js';

/**
 * What every task does for every other within the whole: the gain of a task by the presence of one of the others.
 *
 * $$ C_{i \to j} = \pm \frac{s_j(\text{all}) - s_j(\text{all} \setminus i)}{|s_j(\text{all} \setminus i)|} $$
 *
 * Shapes: scores of K tasks together and with each left out → `[K][K]`, row i and column j holding $C_{i \to j}$; 0 on the diagonal.
 *
 * @param without - By the task left out, the scores of all tasks; its own is not looked at.
 * @param better - By task, which way its score is better.
 * @example
 * ```ts
 * import { leaveOneOut } from '@polytask/analysis';
 *
 * const gains = leaveOneOut([0.8, 0.6], [[NaN, 0.5], [1, NaN]], ['higher', 'higher']);
 * console.log(gains.map((row) => row.map((gain) => gain.toFixed(2)))); // => [ [ '0.00', '0.20' ], [ '-0.20', '0.00' ] ]
 * ```
 */
export function leaveOneOut(
  all: ArrayLike<number>,
  without: readonly ArrayLike<number>[],
  better: readonly ('higher' | 'lower')[],
): number[][] {
  return taskMatrix(all.length, (i, j) =>
    i === j ? 0 : relativeGain(without[i]?.[j] as number, all[j] as number, better[j] as 'higher' | 'lower'),
  );
}

/**
 * Whether two tasks do more for a third together than each does by itself:
 *
 * $$ \text{synergy}_{ij \to t} = G_{\{i, j\} \to t} - G_{i \to t} - G_{j \to t} $$
 *
 * where G is the gain of t by being trained together with these tasks. Above 0 the two complement each other, below 0 one makes the other
 * superfluous, or they are in each other's way.
 *
 * Shapes: three numbers → a number.
 *
 * @example
 * ```ts
 * import { synergy } from '@polytask/analysis';
 *
 * console.log(synergy(0.5, 0.25, 0.125)); // => 0.125
 * ```
 */
export function synergy(together: number, first: number, second: number): number {
  return together - first - second;
}
