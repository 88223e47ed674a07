import type { AnyTask } from '../contracts/task.js';
import { requireOption } from '../errors/invalid-option-error.js';
import type { TaskValues } from './task-values.js';

/**
 * The mean of one metric over the tasks that have it, or of every task's primary metric:
 *
 * $$ \frac{1}{|S|} \sum_{t \in S} M_t $$
 *
 * where $S$ are the tasks with a number for the metric and $M_t$ is that number.
 *
 * @remarks Tasks whose value is NaN (no labelled row) are left out; NaN where none is left. Primary metrics have to be better on
 * the same side, or their mean would mean nothing; where they are not, use `deltaM`.
 * @param values Measurements by task and metric.
 * @param which The name of a metric, or the tasks whose primary metrics are meant.
 * @throws `POLYTASK_INVALID_OPTION` where primary metrics are better on different sides.
 * @see S. Liu, E. Johns, A. J. Davison, "End-to-End Multi-Task Learning with Attention", CVPR 2019,
 * https://arxiv.org/abs/1803.10704 (mean accuracy over the ten tasks of the Visual Decathlon).
 * @example
 * ```ts
 * import { meanOverTasks } from '@polytask/core';
 *
 * const values = { left: { accuracy: 0.75 }, right: { accuracy: 0.5 }, depth: { rmse: 3 } };
 * console.log(meanOverTasks(values, 'accuracy')); // => 0.625
 * ```
 */
export function meanOverTasks(
  values: TaskValues,
  which: string | readonly Pick<AnyTask, 'name' | 'metrics' | 'primaryMetric'>[],
): number {
  const found: unknown[] =
    typeof which === 'string' ? Object.values(values).map((metrics) => metrics[which]) : primaryValues(values, which);
  const numbers = found.filter((value): value is number => typeof value === 'number' && !Number.isNaN(value));
  return numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
}

function primaryValues(
  values: TaskValues,
  tasks: readonly Pick<AnyTask, 'name' | 'metrics' | 'primaryMetric'>[],
): unknown[] {
  const sides = tasks.map((task) => task.metrics.find((metric) => metric.name === task.primaryMetric)?.better);
  requireOption(
    new Set(sides).size <= 1,
    'which',
    'tasks whose primary metrics are all better on the same side',
    Object.fromEntries(tasks.map((task, i) => [`${task.name}.${task.primaryMetric}`, sides[i]])),
    'Name one metric, or compare with single-task runs by `deltaM`.',
  );
  return tasks.map((task) => values[task.name]?.[task.primaryMetric]);
}
