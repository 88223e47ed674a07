import type { Batch } from '../contracts/batch.js';
import type { StepInfo } from '../contracts/loss-weighting.js';
import type { Model } from '../model/multi-task-model.js';
import { taskNamed } from '../programs/forward-pass.js';

/**
 * Indices of the tasks that auxiliary terms teach in a batch, whether these have a label there or not; undefined where no term has
 * anything to do.
 */
export function taughtByTerms(
  { tasks, auxiliaries }: Pick<Model, 'tasks' | 'auxiliaries'>,
  { weights }: Pick<Batch, 'weights'>,
  step: StepInfo,
): number[] | undefined {
  const lists = auxiliaries.flatMap(({ weight, bound }) => {
    const names = weight === 0 ? undefined : bound.actsOn?.({ weights, step });
    return names === undefined ? [] : [names];
  });
  if (lists.length === 0) return undefined;
  const taught = lists.flat().map((name) => taskNamed(tasks, name));
  return tasks.flatMap((task, k) => (taught.includes(task) ? [k] : []));
}
