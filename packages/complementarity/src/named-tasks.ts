import { type AnyTask, UnknownNameError } from '@polytask/core';

/** The tasks of these names, in the order of the names; all where none are named. Errors: `POLYTASK_UNKNOWN_NAME`. */
export function namedTasks(tasks: readonly AnyTask[], names: readonly string[] | undefined): readonly AnyTask[] {
  if (names === undefined) return tasks;
  return names.map((name) => {
    const found = tasks.find((task) => task.name === name);
    if (found !== undefined) return found;
    throw new UnknownNameError(
      'task',
      name,
      tasks.map((task) => task.name),
      'tasks',
    );
  });
}
