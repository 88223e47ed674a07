import { requireOption, UnknownNameError } from '@polytask/core';

/**
 * One number per task, in task order.
 *
 * @param tasks Names.
 * @param given By task.
 * @param otherwise Of tasks that are not named.
 * @param option The option that they come from.
 * @throws `POLYTASK_UNKNOWN_NAME` for a task that there is not, `POLYTASK_INVALID_OPTION` for what is no finite number.
 */
export function numbersByTask(
  tasks: readonly string[],
  given: { readonly [task: string]: number },
  otherwise: number,
  option: string,
): number[] {
  for (const [name, value] of Object.entries(given)) {
    if (!tasks.includes(name)) throw new UnknownNameError('task', name, tasks, option);
    requireOption(Number.isFinite(value), `${option}.${name}`, 'a finite number', value);
  }
  return tasks.map((task) => given[task] ?? otherwise);
}
