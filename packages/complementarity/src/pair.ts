import { type AnyTask, InvalidOptionError, required, taskName, tuple } from '@polytask/core';
import { namedTasks } from './named-tasks.js';

/** Two tasks that predict the same thing. */
export const pairOption = required(
  tuple([taskName(), taskName()], 'two names of tasks'),
  'The two tasks: they predict the same thing for the same rows, each from its own inputs or by its own network.',
);

/** The tasks of a pair. Errors: `POLYTASK_UNKNOWN_NAME`, `POLYTASK_INVALID_OPTION` for one task twice. */
export function pairOf(tasks: readonly AnyTask[], names: readonly [string, string]): readonly [AnyTask, AnyTask] {
  if (names[0] === names[1]) throw new InvalidOptionError('tasks', 'two different tasks', names);
  return namedTasks(tasks, names) as unknown as readonly [AnyTask, AnyTask];
}
