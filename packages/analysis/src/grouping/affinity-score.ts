import { requireTaskMatrix, type TaskMatrix } from '../numbers/matrices.js';

/** How good it is for a task to be trained with a group that holds it; a higher score is better. */
export type GroupScore = (task: number, group: readonly number[]) => number;

/**
 * Scores of groups from affinities between pairs of tasks, as in TAG and ETAP:
 *
 * $$ S(t, g) = \frac{1}{|g| - 1} \sum_{i \in g,\ i \ne t} Z_{i \to t} $$
 *
 * Shapes: affinity `[K][K]`, row i and column t holding $Z_{i \to t}$, what training on i does for t → a function of a task and a group.
 *
 * @remarks A task alone scores `alone`. The reference notebook gives it −10⁶, so that no task ever stays alone; 0 says that a task had
 * better stay alone than in a group whose affinity is below 0.
 * @param alone - Default 0.
 * @throws `POLYTASK_SHAPE_MISMATCH` for a matrix that is not square.
 * @example
 * ```ts
 * import { affinityScore } from '@polytask/analysis';
 *
 * const score = affinityScore([[0, 0.5, -1], [0.1, 0, 0.2], [0.3, 0.4, 0]]);
 * console.log(score(1, [0, 1, 2]), score(2, [2])); // => 0.45 0
 * ```
 */
export function affinityScore(affinity: TaskMatrix, alone = 0): GroupScore {
  requireTaskMatrix('The affinity matrix', affinity);
  return (task, group) => {
    if (group.length < 2) return alone;
    let sum = 0;
    for (const other of group) if (other !== task) sum += affinity[other]?.[task] as number;
    return sum / (group.length - 1);
  };
}
