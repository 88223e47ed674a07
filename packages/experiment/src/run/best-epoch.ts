import { type AnyTask, type History, meanOverTasks, monitorScores } from '@polytask/core';
import type { Config } from '../config/schema.js';

/** What the best epoch is judged by. */
export type BestBy = NonNullable<Config['training']['checkpoints']['keepBest']>;

/**
 * The epoch with the best validation rows so far, counted from 1; the first of several that are equal. Undefined where none could be
 * measured.
 *
 * @param by - `'mean'`: the mean of the tasks' primary metrics; or what early stopping may watch.
 */
export function bestEpoch(history: History, tasks: readonly AnyTask[], by: BestBy): number | undefined {
  const score = (epoch: number): number =>
    by === 'mean' ? meanOfPrimary(history, tasks, epoch) : (monitorScores(by, tasks, history, epoch)[0] as number);
  let best: { epoch: number; score: number } | undefined;
  for (let epoch = 0; epoch < history.seconds.length; epoch++) {
    const found = score(epoch);
    if (!Number.isNaN(found) && (best === undefined || found > best.score)) best = { epoch: epoch + 1, score: found };
  }
  return best?.epoch;
}

/** The mean of the tasks' primary metrics, less where lower is better. */
function meanOfPrimary(history: History, tasks: readonly AnyTask[], epoch: number): number {
  const values = history.tasks as Readonly<Record<string, Readonly<Record<string, readonly number[]>>>>;
  const measured = tasks.map(({ name, primaryMetric }) => [
    name,
    { [primaryMetric]: values[name]?.[primaryMetric]?.[epoch] ?? Number.NaN },
  ]);
  const [task] = tasks;
  const isHigherBetter = task?.metrics.find(({ name }) => name === task.primaryMetric)?.better === 'higher';
  return (isHigherBetter ? 1 : -1) * meanOverTasks(Object.fromEntries(measured), tasks);
}

/** The epoch in which the validation loss of every task was lowest, counted from 1; tasks without one are left out. */
export function bestEpochs(history: History, tasks: readonly AnyTask[]): { readonly [task: string]: number } {
  return Object.fromEntries(
    tasks.flatMap(({ name }) => {
      const epoch = bestEpoch(history, tasks, { task: name, metric: 'loss' });
      return epoch === undefined ? [] : [[name, epoch]];
    }),
  );
}
