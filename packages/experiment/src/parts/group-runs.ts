import { isMapping } from '../config/paths.js';
import { type DescribedPart, onlyTasks } from './single-task.js';
import { partAt } from './tables.js';

/**
 * A configuration with some of its tasks: what it says of the others by name is gone, and so are auxiliary objectives, observers and a
 * balancing that cannot be without them.
 *
 * @param raw - As it is written.
 * @param names - Of the tasks that stay.
 */
export function runOfGroup(
  raw: Readonly<Record<string, unknown>>,
  names: readonly string[],
  partOf: DescribedPart = partAt,
): Record<string, unknown> {
  const keeps = (task: unknown) => names.includes(String(task));
  const all = (raw.tasks as { readonly name?: unknown }[]).map(({ name }) => String(name));
  const part = (value: unknown) => (isMapping(value) ? onlyTasks(value, names, all, partOf) : value);
  /** Undefined where an option that has to be there named other tasks only. */
  const wholePart = (value: unknown) => {
    const kept = part(value);
    if (!isMapping(value) || !isMapping(kept)) return kept;
    const options = Object.entries(partOf(value)?.options ?? {});
    const lost = options.some(([name, { presence }]) => presence === 'required' && name in value && !(name in kept));
    return lost ? undefined : kept;
  };
  const parts = (value: unknown) =>
    Array.isArray(value) ? value.map(wholePart).filter((one) => one !== undefined) : value;
  /** Without what watches a task that is gone. */
  const watching = (value: unknown, key: string) => {
    if (!isMapping(value) || !isMapping(value[key]) || keeps((value[key] as { task?: unknown }).task)) return value;
    const { [key]: _, ...others } = value;
    return others;
  };
  /** Labels of tasks that are gone would become features, which the run of all tasks does not have. */
  const withoutLabels = (data: unknown) => {
    const kept = part(data);
    if (!isMapping(kept) || kept.use !== 'table' || kept.only === true || Array.isArray(kept.features)) return kept;
    const columnsOf = (stays: boolean) =>
      (raw.tasks as { name?: unknown; column?: unknown }[])
        .filter(({ name }) => keeps(name) === stays)
        .flatMap(({ name, column = name }) => column);
    const own = columnsOf(true);
    const gone = columnsOf(false).filter((column) => !own.includes(column));
    const before = Array.isArray(kept.exclude) ? kept.exclude : [];
    return { ...kept, exclude: [...new Set([...before, ...gone])] };
  };
  const changes: Record<string, (value: unknown) => unknown> = {
    tasks: (tasks) => (tasks as { name?: unknown }[]).filter(({ name }) => keeps(name)),
    data: withoutLabels,
    sharing: part,
    balancing: wholePart,
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
