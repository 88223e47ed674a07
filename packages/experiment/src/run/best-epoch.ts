import { type AnyTask, type History, meanOverTasks } from '@polytask/core';
import type { Config } from '../config/schema.js';

/** What the best epoch is judged by. */
export type BestBy = NonNullable<Config['training']['checkpoints']['keepBest']>;

/**
 * The epoch with the best validation rows so far, counted from 1; the first of several that are equal. Undefined where none could be
 * measured.
 *
 * @param by - `'loss'`: the sum of the tasks' losses; `'mean'`: the mean of their primary metrics; or one task's metric.
 */
export function bestEpoch(history: History, tasks: readonly AnyTask[], by: BestBy): number | undefined {
  const values = history.tasks as Readonly<Record<string, Readonly<Record<string, readonly number[]>>>>;
  const at = (task: string, metric: string, epoch: number) => values[task]?.[metric]?.[epoch] ?? Number.NaN;
  const score = (epoch: number): number => {
    if (by === 'loss') {
      const losses = tasks.map(({ name }) => at(name, 'loss', epoch)).filter((loss) => !Number.isNaN(loss));
      return losses.length === 0 ? Number.NaN : losses.reduce((sum, loss) => sum + loss, 0);
    }
    if (by !== 'mean') return at(by.task, by.metric, epoch);
    const measured = tasks.map(({ name, primaryMetric }) => [
      name,
      { [primaryMetric]: at(name, primaryMetric, epoch) },
    ]);
    return meanOverTasks(Object.fromEntries(measured), tasks);
  };
  const sign = isHigherBetter(tasks, by) ? 1 : -1;
  let best: { epoch: number; score: number } | undefined;
  for (let epoch = 0; epoch < history.seconds.length; epoch++) {
    const found = sign * score(epoch);
    if (!Number.isNaN(found) && (best === undefined || found > best.score)) best = { epoch: epoch + 1, score: found };
  }
  return best?.epoch;
}

function isHigherBetter(tasks: readonly AnyTask[], by: BestBy): boolean {
  if (by === 'loss') return false;
  const task = by === 'mean' ? tasks[0] : tasks.find(({ name }) => name === by.task);
  const metric = by === 'mean' ? task?.primaryMetric : by.metric;
  return task?.metrics.find(({ name }) => name === metric)?.better === 'higher';
}
