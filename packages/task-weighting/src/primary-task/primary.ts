import { type BalancingContext, InvalidOptionError, optional, taskName, UnknownNameError } from '@polytask/core';

/** Options of methods for a primary task. */
export const primaryOptions = {
  primary: optional(taskName(), 'The task that the others are there to help.', "the run's primary task"),
};

/**
 * Index of the primary task.
 *
 * @param given The option `primary`.
 * @throws `POLYTASK_INVALID_OPTION` where neither the option nor the run names one, `POLYTASK_UNKNOWN_NAME` where there
 * is no such task.
 */
export function primaryIndex(given: string | undefined, { tasks, primary }: BalancingContext): number {
  const name = given ?? primary;
  if (name === undefined) {
    const advice = 'Name the task here, or declare it for the run: `createTrainer({ primary })`.';
    throw new InvalidOptionError('primary', 'the name of a task where the run declares none', undefined, advice);
  }
  const index = tasks.indexOf(name);
  if (index < 0) throw new UnknownNameError('task', name, tasks, 'primary');
  return index;
}
