/** Clusters from a label for every task: tasks ascending, clusters in the order of their lowest task. */
export function clustersOf(labels: readonly number[]): number[][] {
  const clusters = new Map<number, number[]>();
  labels.forEach((label, task) => {
    const members = clusters.get(label) ?? [];
    clusters.set(label, members);
    members.push(task);
  });
  return [...clusters.values()];
}
