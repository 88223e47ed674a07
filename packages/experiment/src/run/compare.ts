import { type AnyTask, deltaM, type MetricDirections, metricDirections } from '@polytask/core';
import type { NetworkResult, RunDocument } from './document.js';

/**
 * Compares a joint network with those that learned one task each, by the tasks' primary metrics. Tasks for which a relative
 * change means nothing (no labelled test row, a value of 0 alone) are left out, with the reason.
 *
 * @returns null where no task is left.
 */
export function compareWithAlone(
  tasks: readonly AnyTask[],
  joint: NetworkResult,
  singleTask: { readonly [task: string]: NetworkResult },
): RunDocument['deltaM'] {
  const together = joint.tasks ?? {};
  const alone = Object.fromEntries(tasks.map(({ name }) => [name, singleTask[name]?.tasks?.[name] ?? {}]));
  const directions: Record<string, MetricDirections[string]> = {};
  const leftOut: Record<string, string> = {};
  for (const [name, metrics] of Object.entries(metricDirections(tasks))) {
    const [metric = ''] = Object.keys(metrics);
    const values = [together[name]?.[metric], alone[name]?.[metric]];
    if (!values.every((value) => Number.isFinite(value))) leftOut[name] = `no ${metric} on the test rows`;
    else if (values[1] === 0) leftOut[name] = `its ${metric} alone is 0, and a change relative to 0 is undefined`;
    else directions[name] = metrics;
  }
  if (Object.keys(directions).length === 0) return null;
  return { ...deltaM(together, alone, directions), leftOut };
}
