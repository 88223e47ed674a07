import type { AnyTask } from '../contracts/task.js';

/** By task and metric, which way is better; what is not named is not compared. */
export type MetricDirections = { readonly [task: string]: { readonly [metric: string]: 'higher' | 'lower' } };

/**
 * Which way the metrics of tasks are better: of every task's primary metric, or of all its metrics that have a better side.
 *
 * @param tasks The tasks of a run.
 * @param which `'primary'` (default) or `'all'`.
 * @example
 * ```ts
 * import { classification, metricDirections } from '@polytask/core';
 *
 * console.log(metricDirections([classification('left', { classes: 10 })])); // => { left: { accuracy: 'higher' } }
 * ```
 */
export function metricDirections(
  tasks: readonly Pick<AnyTask, 'name' | 'metrics' | 'primaryMetric'>[],
  which: 'primary' | 'all' = 'primary',
): MetricDirections {
  return Object.fromEntries(
    tasks.map((task) => {
      const chosen = task.metrics.filter(
        (metric) => metric.better !== 'none' && (which === 'all' || metric.name === task.primaryMetric),
      );
      return [
        task.name,
        Object.fromEntries(chosen.map((metric) => [metric.name, metric.better as 'higher' | 'lower'])),
      ];
    }),
  );
}
