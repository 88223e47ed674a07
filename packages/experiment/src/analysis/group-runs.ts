import { isMapping } from '../config/paths.js';
import { onlyTasks } from '../parts/single-task.js';

/**
 * A configuration with some of its tasks: what it says of the others by name is gone.
 *
 * @param raw - As it is written.
 * @param names - Of the tasks that stay.
 */
export function runOfGroup(raw: Readonly<Record<string, unknown>>, names: readonly string[]): Record<string, unknown> {
  const keeps = (task: unknown) => names.includes(String(task));
  const all = (raw.tasks as { readonly name?: unknown }[]).map(({ name }) => String(name));
  const part = (value: unknown) => (isMapping(value) ? onlyTasks(value, names, all) : value);
  const parts = (value: unknown) => (Array.isArray(value) ? value.map(part) : value);
  /** Without what watches a task that is gone. */
  const watching = (value: unknown, key: string) => {
    if (!isMapping(value) || !isMapping(value[key]) || keeps((value[key] as { task?: unknown }).task)) return value;
    const { [key]: _, ...others } = value;
    return others;
  };
  const changes: Record<string, (value: unknown) => unknown> = {
    tasks: (tasks) => (tasks as { name?: unknown }[]).filter(({ name }) => keeps(name)),
    data: part,
    sharing: part,
    balancing: part,
    auxiliary: parts,
    observers: parts,
    primary: (task) => (keeps(task) ? task : undefined),
    groups: (groups) => {
      const kept = Object.entries(groups as Record<string, unknown[]>).map(
        ([name, tasks]) => [name, tasks.filter(keeps)] as const,
      );
      return Object.fromEntries(kept.filter(([, tasks]) => tasks.length > 0));
    },
    training: (training) => {
      if (!isMapping(training)) return training;
      const { earlyStopping, checkpoints } = training;
      return {
        ...training,
        ...(earlyStopping === undefined ? {} : { earlyStopping: watching(earlyStopping, 'monitor') }),
        ...(checkpoints === undefined ? {} : { checkpoints: watching(checkpoints, 'keepBest') }),
      };
    },
  };
  const kept = Object.entries(raw).map(([key, value]) => {
    const change = Object.hasOwn(changes, key) ? changes[key] : undefined;
    return [key, change === undefined ? value : change(value)] as const;
  });
  return Object.fromEntries(kept.filter(([, value]) => value !== undefined));
}
