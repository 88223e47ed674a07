import { requireOption } from '@polytask/core';
import { requireTaskMatrix, type TaskMatrix } from '../numbers/matrices.js';

/** Two clusters that become one. */
export interface Merge {
  /** Of tasks 0 … K − 1, or of earlier merges, K being the first of those. */
  readonly clusters: readonly [number, number];
  /** How far they are apart. Does not fall from merge to merge. */
  readonly distance: number;
  /** Tasks of the new cluster, in the order of the tree's leaves. */
  readonly tasks: readonly number[];
}

/**
 * Clusters tasks from the bottom up by average linkage: the two clusters with the least mean distance between their tasks become one,
 * until one is left.
 *
 * $$ d(A, B) = \frac{1}{|A|\,|B|} \sum_{a \in A,\ b \in B} \tfrac12 (D_{ab} + D_{ba}) $$
 *
 * Shapes: distances `[K][K]` → K − 1 merges, nearest first; the last one's `tasks` are the leaves of a dendrogram from left to right.
 *
 * @remarks From similarities that are at most 1, such as CKA, take 1 − s; from affinities −Z will do, since distances below 0 are
 * welcome. The diagonal is not looked at. Ties go to the clusters with the lowest tasks.
 * @throws `POLYTASK_SHAPE_MISMATCH` for a matrix that is not square.
 * @example
 * ```ts
 * import { cutTree, hierarchicalClustering } from '@polytask/analysis';
 *
 * const merges = hierarchicalClustering([[0, 9, 1], [9, 0, 8], [1, 8, 0]]);
 * console.log(merges.map(({ tasks, distance }) => [tasks, distance])); // => [ [ [ 0, 2 ], 1 ], [ [ 0, 2, 1 ], 8.5 ] ]
 * console.log(cutTree(merges, 2)); // => [ [ 0, 2 ], [ 1 ] ]
 * ```
 */
export function hierarchicalClustering(distances: TaskMatrix): Merge[] {
  requireTaskMatrix('The distance matrix', distances);
  const k = distances.length;
  const between = (a: number, b: number) => ((distances[a]?.[b] as number) + (distances[b]?.[a] as number)) / 2;
  let clusters = Array.from({ length: k }, (_, task) => ({ id: task, tasks: [task] as readonly number[] }));
  const merges: Merge[] = [];
  const mean = (a: readonly number[], b: readonly number[]) =>
    a.reduce((sum, x) => sum + b.reduce((inner, y) => inner + between(x, y), 0), 0) / a.length / b.length;
  while (clusters.length > 1) {
    let [first, second, least] = [0, 1, Number.POSITIVE_INFINITY];
    clusters.forEach((a, n) => {
      clusters.slice(n + 1).forEach((b, m) => {
        const distance = mean(a.tasks, b.tasks);
        if (distance < least) [first, second, least] = [n, n + 1 + m, distance];
      });
    });
    const [a, b] = [clusters[first], clusters[second]] as [(typeof clusters)[number], (typeof clusters)[number]];
    const tasks = [...a.tasks, ...b.tasks];
    merges.push({ clusters: [a.id, b.id], distance: least, tasks });
    clusters = clusters.map((cluster) => (cluster === a ? { id: k + merges.length - 1, tasks } : cluster));
    clusters.splice(second, 1);
  }
  return merges;
}

/**
 * The clusters of a tree when it is cut into a given number of them.
 *
 * @param merges - As {@link hierarchicalClustering} gives them, all K − 1.
 * @param count - From 1 to K.
 * @returns Tasks of each cluster, ascending, clusters in the order of their lowest task.
 * @throws `POLYTASK_INVALID_OPTION` for a number of clusters that there cannot be.
 * @example
 * ```ts
 * import { cutTree, hierarchicalClustering } from '@polytask/analysis';
 *
 * console.log(cutTree(hierarchicalClustering([[0, 3], [3, 0]]), 2)); // => [ [ 0 ], [ 1 ] ]
 * ```
 */
export function cutTree(merges: readonly Merge[], count: number): number[][] {
  const k = merges.length + 1;
  const fits = Number.isInteger(count) && count >= 1 && count <= k;
  requireOption(fits, 'count', `a whole number from 1 to ${k}`, count);
  const clusters = new Map<number, readonly number[]>(Array.from({ length: k }, (_, task) => [task, [task]]));
  merges.slice(0, k - count).forEach((merge, n) => {
    for (const id of merge.clusters) clusters.delete(id);
    clusters.set(k + n, merge.tasks);
  });
  return [...clusters.values()]
    .map((tasks) => [...tasks].sort((a, b) => a - b))
    .sort((a, b) => (a[0] as number) - (b[0] as number));
}
