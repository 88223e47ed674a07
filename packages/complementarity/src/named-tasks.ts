import { type AnyTask, UnknownNameError } from '@polytask/core';

/** The task of a name. Errors: `POLYTASK_UNKNOWN_NAME`, with the option that has the name. */
export function taskNamed(tasks: readonly AnyTask[], name: string, option: string): AnyTask {
  const found = tasks.find((task) => task.name === name);
  if (found !== undefined) return found;
  throw new UnknownNameError(
    'task',
    name,
    tasks.map((task) => task.name),
    option,
  );
}

/** The tasks of these names, in the order of the names; all where none are named. Errors: `POLYTASK_UNKNOWN_NAME`. */
export function namedTasks(tasks: readonly AnyTask[], names: readonly string[] | undefined): readonly AnyTask[] {
  return names === undefined ? tasks : names.map((name, i) => taskNamed(tasks, name, `tasks[${i}]`));
}
