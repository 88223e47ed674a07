import { requireOption } from '@polytask/core';
import { requireTaskMatrix, type TaskMatrix, taskMatrix } from '../numbers/matrices.js';
import { medianOf } from '../numbers/statistics.js';
import { clustersOf } from './clusters-of.js';

/** How {@link affinityPropagation} works. */
export interface AffinityPropagationOptions {
  /** How much a task wants to stand for a cluster; the higher, the more clusters. Default: the median of the similarities. */
  readonly preference?: number;
  /** How much of a message stays from one round to the next, from 0.5 to below 1. Default 0.9. */
  readonly damping?: number;
}

/**
 * Affinity propagation: clusters around tasks that stand for others, their number being found rather than given.
 *
 * $$ r_{ik} \leftarrow s_{ik} - \max_{k' \ne k} (a_{ik'} + s_{ik'}), \qquad
 * a_{ik} \leftarrow \min\Big(0,\ r_{kk} + \sum_{i' \notin \{i, k\}} \max(0, r_{i'k})\Big), \quad
 * a_{kk} \leftarrow \sum_{i' \ne k} \max(0, r_{i'k}) $$
 *
 * until the tasks that stand for others have not changed in 50 rounds; task i belongs to the k with the highest $a_{ik} + r_{ik}$.
 *
 * Shapes: similarities `[K][K]`, of any sign → clusters of task indices.
 *
 * @remarks The messages oscillate where two tasks could equally well stand for a cluster: hence the strong damping, and a trace added
 * to the similarities that depends on the place alone. After 2000 rounds what stands then is taken; where no task stands for others,
 * all are one cluster.
 * @throws `POLYTASK_SHAPE_MISMATCH` for a matrix that is not square; `POLYTASK_INVALID_OPTION` for a damping out of its range.
 * @see B. Frey and D. Dueck, "Clustering by passing messages between data points", Science 315, 2007.
 * @example
 * ```ts
 * import { affinityPropagation } from '@polytask/analysis';
 *
 * const similarities = [[0, -1, -9, -8], [-1, 0, -8, -9], [-9, -8, 0, -1], [-8, -9, -1, 0]];
 * console.log(affinityPropagation(similarities, { preference: -4 })); // => [ [ 0, 1 ], [ 2, 3 ] ]
 * ```
 */
export function affinityPropagation(similarities: TaskMatrix, options: AffinityPropagationOptions = {}): number[][] {
  requireTaskMatrix('The similarity matrix', similarities);
  const k = similarities.length;
  const others = similarities.flatMap((row, i) => row.filter((_, j) => j !== i));
  const { preference = others.length > 0 ? medianOf(others) : 0, damping = 0.9 } = options;
  requireOption(damping >= 0.5 && damping < 1, 'damping', 'a number from 0.5 to below 1', damping);
  const size = Math.max(1e-30, ...others.map(Math.abs), Math.abs(preference));
  const s = taskMatrix(k, (i, j) => {
    const trace = 1e-9 * size * Math.sin(1 + 12.9898 * i + 78.233 * j);
    return (i === j ? preference : (similarities[i]?.[j] as number)) + trace;
  });
  let responsibility = taskMatrix(k, () => 0);
  let availability = taskMatrix(k, () => 0);
  const at = (matrix: TaskMatrix, i: number, j: number) => matrix[i]?.[j] as number;
  const damped = (before: TaskMatrix, next: (i: number, j: number) => number) =>
    taskMatrix(k, (i, j) => damping * at(before, i, j) + (1 - damping) * next(i, j));
  let standing: string | undefined;
  let exemplars: number[] = [];
  for (let [round, unchanged] = [0, 0]; round < 2000 && unchanged < 50; round++) {
    responsibility = damped(responsibility, (i, j) => {
      let best = Number.NEGATIVE_INFINITY;
      for (let n = 0; n < k; n++) if (n !== j) best = Math.max(best, at(availability, i, n) + at(s, i, n));
      return at(s, i, j) - (k > 1 ? best : 0);
    });
    availability = damped(availability, (i, j) => {
      let sum = 0;
      for (let n = 0; n < k; n++) if (n !== j && n !== i) sum += Math.max(0, at(responsibility, n, j));
      return i === j ? sum : Math.min(0, at(responsibility, j, j) + sum);
    });
    exemplars = Array.from({ length: k }, (_, j) => j).filter(
      (j) => at(responsibility, j, j) + at(availability, j, j) > 0,
    );
    unchanged = exemplars.length > 0 && exemplars.join() === standing ? unchanged + 1 : 0;
    standing = exemplars.join();
  }
  if (exemplars.length === 0) return [Array.from({ length: k }, (_, task) => task)];
  return clustersOf(
    Array.from({ length: k }, (_, i) => {
      if (exemplars.includes(i)) return i;
      const fits = exemplars.map((j) => at(s, i, j));
      return exemplars[fits.indexOf(Math.max(...fits))] as number;
    }),
  );
}
