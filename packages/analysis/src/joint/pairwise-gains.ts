import { taskMatrix } from '../numbers/matrices.js';
import { relativeGain } from './relative-gain.js';

/** Scores of two tasks that were trained together. */
export interface PairScores {
  /** Indices of the two tasks. */
  readonly tasks: readonly [number, number];
  /** What each of them scored, in the same order. */
  readonly scores: readonly [number, number];
}

/**
 * What every task does for every other: the gain of a task by being trained together with one other.
 *
 * $$ G_{i \to j} = \pm \frac{s_j(\{i, j\}) - s_j(\{j\})}{|s_j(\{j\})|} $$
 *
 * Shapes: scores of K tasks alone and of pairs → `[K][K]`, row i and column j holding $G_{i \to j}$; 0 on the diagonal, NaN for pairs
 * that were not trained.
 *
 * @param better - By task, which way its score is better.
 * @example
 * ```ts
 * import { pairwiseGains } from '@polytask/analysis';
 *
 * const gains = pairwiseGains([0.5, 2], [{ tasks: [0, 1], scores: [0.6, 2.2] }], ['higher', 'lower']);
 * console.log(gains.map((row) => row.map((gain) => gain.toFixed(2)))); // => [ [ '0.00', '-0.10' ], [ '0.20', '0.00' ] ]
 * ```
 */
export function pairwiseGains(
  alone: ArrayLike<number>,
  pairs: readonly PairScores[],
  better: readonly ('higher' | 'lower')[],
): number[][] {
  const gains = taskMatrix(alone.length, (i, j) => (i === j ? 0 : Number.NaN));
  for (const { tasks, scores } of pairs) {
    tasks.forEach((task, side) => {
      const partner = tasks[1 - side] as number;
      const row = gains[partner] as number[];
      const gain = relativeGain(alone[task] as number, scores[side] as number, better[task] as 'higher' | 'lower');
      row[task] = gain;
    });
  }
  return gains;
}

/**
 * Estimates the score of a task in a group from those of its pairs (higher-order approximation):
 *
 * $$ \hat s_t(g) = \frac{1}{|g| - 1} \sum_{i \in g,\ i \ne t} s_t(\{i, t\}) $$
 *
 * Shapes: `[K][K]`, row i and column t holding the score, or gain, of t together with i → a number; the task's own entry where it is alone.
 *
 * @see T. Standley et al., "Which tasks should be learned together in multi-task learning?", ICML 2020,
 * https://arxiv.org/abs/1905.07553.
 * @example
 * ```ts
 * import { higherOrderApproximation } from '@polytask/analysis';
 *
 * console.log(higherOrderApproximation([[5, 1, 2], [3, 6, 4], [1, 2, 7]], 2, [0, 1, 2])); // => 3
 * ```
 */
export function higherOrderApproximation(
  pairs: readonly (readonly number[])[],
  task: number,
  group: readonly number[],
): number {
  const partners = group.filter((other) => other !== task);
  if (partners.length === 0) return pairs[task]?.[task] as number;
  return partners.reduce((sum, other) => sum + (pairs[other]?.[task] as number), 0) / partners.length;
}
