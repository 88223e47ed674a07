import type { AnyTask } from '../contracts/task.js';
import { deltaM } from '../evaluation/delta-m.js';
import { metricDirections } from '../evaluation/metric-directions.js';
import type { History } from './history.js';

/** What is watched on the validation data: everything in one number, every task by itself, or one task's metric. */
export type Monitor =
  | 'loss'
  | 'relative-loss'
  | 'delta-m'
  | 'tasks'
  | { readonly task: string; readonly metric: string };

/** Monitors that have a name. */
export const monitorNames = ['loss', 'relative-loss', 'delta-m', 'tasks'] as const;

/**
 * How good an epoch was by a monitor, higher being better: one number, under `'tasks'` one per task. NaN where nothing could be
 * measured.
 *
 * - `'loss'`: the sum over tasks of $v_k L_k$;
 * - `'relative-loss'`: the mean over tasks, weighed by $v_k$, of $(L_k - L_k^1) / |L_k^1|$, where $L^1$ is the loss of the first epoch
 *   that has one;
 * - `'delta-m'`: Δm of the tasks' primary metrics over those of the first epoch;
 * - `'tasks'`: every $L_k$ by itself.
 *
 * where $L_k$ is a task's validation loss and $v_k$ its {@link History.validationWeights}.
 *
 * @param epoch - Counted from 0.
 * @example
 * ```ts
 * import { monitorScores, regression } from '@polytask/core';
 *
 * const history = { tasks: { height: { loss: [4, 1] } }, validationWeights: {} };
 * console.log(monitorScores('relative-loss', [regression('height')], history, 1)); // => [ 0.75 ]
 * ```
 */
export function monitorScores(
  monitor: Monitor,
  tasks: readonly AnyTask[],
  history: { readonly tasks: object; readonly validationWeights: History['validationWeights'] },
  epoch: number,
): number[] {
  const courses = history.tasks as Readonly<Record<string, Readonly<Record<string, readonly number[]>>>>;
  const at = (task: string, metric: string, when = epoch) => courses[task]?.[metric]?.[when] ?? Number.NaN;
  const first = (task: string, metric: string) =>
    courses[task]?.[metric]?.find((value) => !Number.isNaN(value)) ?? Number.NaN;
  if (typeof monitor === 'object') {
    const { task, metric } = monitor;
    const measured = tasks.find(({ name }) => name === task)?.metrics.find(({ name }) => name === metric);
    return [(measured?.better === 'higher' ? 1 : -1) * at(task, metric)];
  }
  const losses = tasks.map(({ name }) => at(name, 'loss'));
  if (monitor === 'tasks') return losses.map((loss) => -loss);
  if (monitor === 'delta-m') {
    return [
      improvement(
        tasks,
        (task, metric) => at(task, metric),
        (task, metric) => first(task, metric),
      ),
    ];
  }
  // Tasks without a validation label have a loss of NaN and do not count.
  const known = tasks.flatMap(({ name }, k) => {
    const loss = losses[k] as number;
    return Number.isNaN(loss)
      ? []
      : [{ loss, start: first(name, 'loss'), weight: history.validationWeights[name] ?? 1 }];
  });
  if (known.length === 0) return [Number.NaN];
  if (monitor === 'loss') return [-known.reduce((sum, { loss, weight }) => sum + weight * loss, 0)];
  const total = known.reduce((sum, { weight }) => sum + weight, 0);
  const change = known.reduce((sum, one) => sum + one.weight * relativeChange(one), 0);
  return [total === 0 ? Number.NaN : 0 - change / total];
}

/** From a loss of 0 there is no relative change: there it is the change itself. */
function relativeChange({ loss, start }: { readonly loss: number; readonly start: number }): number {
  return (loss - start) / (start === 0 ? 1 : Math.abs(start));
}

type Value = (task: string, metric: string) => number;

/** Δm over those tasks for which a relative change means something. */
function improvement(tasks: readonly AnyTask[], now: Value, before: Value): number {
  const comparable = tasks.filter(({ name, primaryMetric }) => {
    const [value, start] = [now(name, primaryMetric), before(name, primaryMetric)];
    return Number.isFinite(value) && Number.isFinite(start) && start !== 0;
  });
  if (comparable.length === 0) return Number.NaN;
  const values = (value: Value) =>
    Object.fromEntries(
      comparable.map(({ name, primaryMetric }) => [name, { [primaryMetric]: value(name, primaryMetric) }]),
    );
  return deltaM(values(now), values(before), metricDirections(comparable)).improvementPercent;
}
