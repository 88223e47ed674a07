import { InvalidOptionError, requireOption } from '../errors/invalid-option-error.js';
import { UnknownNameError } from '../errors/unknown-name-error.js';
import type { MetricDirections } from './metric-directions.js';
import type { TaskValues } from './task-values.js';

/** What {@link deltaM} found. */
export interface DeltaM {
  /** Mean improvement over the tasks, in percent of the single-task values. Positive: joint training is better. */
  readonly improvementPercent: number;
  /** Mean improvement of every task over its metrics, in percent. Positive: joint training is better for this task. */
  readonly improvementPercentByTask: { readonly [task: string]: number };
  /** What the sign means, to be printed beside the number. */
  readonly sign: 'positive means that joint training is better than single-task training';
}

/**
 * Δm, the mean relative improvement of joint training over training every task alone, in percent. **Positive is better**:
 *
 * $$ \Delta m = \frac{100}{T} \sum_t \frac{1}{M_t} \sum_m (-1)^{s_{tm}} \frac{M_{tm} - B_{tm}}{|B_{tm}|} $$
 *
 * where $T$ is the number of tasks, $M_t$ the number of metrics of task $t$, $M_{tm}$ the joint model's value, $B_{tm}$ the value
 * of the model that was trained on task $t$ alone, and $s_{tm}$ is 1 where lower is better and 0 where higher is.
 *
 * @remarks The sign is that of the first publication and of LibMTL. Tables of later papers on balancing often have the opposite
 * one, where negative is better. The absolute value in the denominator, which changes nothing for positive metrics, keeps the sign right
 * for metrics that can be negative, such as R².
 * @param joint Values of the model trained on all tasks, by task and metric.
 * @param single Values of the models trained on one task each, with the same data, budget and selection.
 * @param directions Which metrics are compared, and which way they are better; `metricDirections` reads them off tasks.
 * @returns The mean, the mean of every task, and what the sign means.
 * @throws `POLYTASK_UNKNOWN_NAME` where a task or metric is missing from `joint` or `single`.
 * @throws `POLYTASK_INVALID_OPTION` for a baseline of 0, a value that is not finite, and directions that name no metric.
 * @see K.-K. Maninis, I. Radosavovic, I. Kokkinos, "Attentive Single-Tasking of Multiple Tasks", CVPR 2019,
 * https://arxiv.org/abs/1904.08918.
 * @example
 * ```ts
 * import { deltaM } from '@polytask/core';
 *
 * const joint = { digit: { accuracy: 0.75 }, depth: { rmse: 2.5 } };
 * const single = { digit: { accuracy: 0.5 }, depth: { rmse: 2 } };
 * const found = deltaM(joint, single, { digit: { accuracy: 'higher' }, depth: { rmse: 'lower' } });
 * console.log(found.improvementPercentByTask); // => { digit: 50, depth: -25 }
 * ```
 */
export function deltaM(joint: TaskValues, single: TaskValues, directions: MetricDirections): DeltaM {
  const byTask: Record<string, number> = {};
  for (const [task, metrics] of Object.entries(directions)) {
    const names = Object.keys(metrics);
    requireOption(names.length > 0, `directions.${task}`, 'at least one metric with a direction', metrics);
    let sum = 0;
    for (const metric of names) {
      const value = numberAt('joint', joint, task, metric);
      const baseline = numberAt('single', single, task, metric);
      if (baseline === 0) {
        const advice = 'A relative change from 0 is undefined: compare this task by another metric.';
        throw new InvalidOptionError(`single.${task}.${metric}`, 'a number other than 0', baseline, advice);
      }
      const change = (value - baseline) / Math.abs(baseline);
      sum += metrics[metric] === 'higher' ? change : -change;
    }
    byTask[task] = (100 * sum) / names.length;
  }
  const improvements = Object.values(byTask);
  requireOption(improvements.length > 0, 'directions', 'at least one task', directions);
  return {
    improvementPercent: improvements.reduce((sum, value) => sum + value, 0) / improvements.length,
    improvementPercentByTask: byTask,
    sign: 'positive means that joint training is better than single-task training',
  };
}

function numberAt(side: 'joint' | 'single', values: TaskValues, task: string, metric: string): number {
  const metrics = values[task];
  if (metrics === undefined) throw new UnknownNameError(`task in \`${side}\``, task, Object.keys(values));
  const value = metrics[metric];
  if (value === undefined) throw new UnknownNameError(`metric in \`${side}.${task}\``, metric, Object.keys(metrics));
  if (typeof value !== 'number' || !Number.isFinite(value)) {
    throw new InvalidOptionError(
      `${side}.${task}.${metric}`,
      'a finite number',
      value,
      'Leave it out of `directions`.',
    );
  }
  return value;
}
