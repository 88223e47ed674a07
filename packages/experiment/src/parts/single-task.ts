import type { EarlyStopping, OptionTable, PartDescription, Takes } from '@polytask/core';
import type { CodePlaces } from '../code/code-places.js';
import { isMapping } from '../config/paths.js';
import type { Config } from '../config/schema.js';
import { kindsOf } from './build-part.js';
import type { NetworkConfig } from './network.js';
import { partAt } from './tables.js';
import { branchFor } from './walk-options.js';

/**
 * The configuration of a network that learns one of the tasks alone: the same encoder and head, the same optimizer, and no
 * balancing, as there is nothing to balance. Auxiliary objectives belong to joint training, which is what is measured against this.
 *
 * @param index - Which task.
 */
export function singleTaskConfig(
  config: Pick<Config, 'tasks' | 'sharing' | 'optimizer'>,
  index: number,
  partOf: DescribedPart = partAt,
): NetworkConfig {
  const task = config.tasks[index] as Config['tasks'][number];
  const names = (config.tasks as unknown as readonly { readonly name: string }[]).map(({ name }) => name);
  const sharing = onlyTasks(config.sharing as unknown as Record<string, unknown>, [task.name], names, partOf);
  return { tasks: [task], sharing, optimizer: config.optimizer } as NetworkConfig;
}

/** The description of the part that a mapping names; undefined where there is none. */
export type DescribedPart = (written: Readonly<Record<string, unknown>>) => PartDescription | undefined;

/**
 * Finds descriptions of all parts that a configuration names, those of third parties too.
 *
 * @param config - Or a part of it.
 */
export async function describedParts(config: unknown, code: CodePlaces): Promise<DescribedPart> {
  const named = partsIn(config);
  const found = await kindsOf(named, code);
  const byName = new Map(named.map((part, index) => [nameOf(part), found[index]]));
  return (written) => byName.get(nameOf(written)) ?? partAt(written);
}

const nameOf = ({ use, type }: Readonly<Record<string, unknown>>) =>
  [use, type].find((name) => typeof name === 'string');

/** Mappings that name parts, at any depth. */
function partsIn(value: unknown): Record<string, unknown>[] {
  if (Array.isArray(value)) return value.flatMap(partsIn);
  if (!isMapping(value)) return [];
  return [...(nameOf(value) === undefined ? [] : [value]), ...Object.values(value).flatMap(partsIn)];
}

/** Early stopping that watches a task which is not there watches the same metric of the one that is, if it has it. */
export function singleTaskStopping(
  stopping: EarlyStopping,
  task: {
    readonly name: string;
    readonly primaryMetric: string;
    readonly metrics: readonly { readonly name: string }[];
  },
): EarlyStopping {
  if (typeof stopping.monitor !== 'object') return stopping;
  const { metric } = stopping.monitor;
  const has = metric === 'loss' || task.metrics.some(({ name }) => name === metric);
  return { ...stopping, monitor: { task: task.name, metric: has ? metric : task.primaryMetric } };
}

/**
 * Takes out of options what they say of other tasks by name. Of parts that do not describe themselves, mappings by task and lists of
 * tasks are known by their names, which are all names of tasks.
 *
 * @param written - A part.
 * @param kept - Names of the tasks that stay, of all `names`.
 */
export function onlyTasks(
  written: Record<string, unknown>,
  kept: readonly string[],
  names: readonly string[],
  partOf: DescribedPart = partAt,
): Record<string, unknown> {
  return narrowing(kept, names, partOf).part(written);
}

function narrowing(tasks: readonly string[], names: readonly string[], partOf: DescribedPart) {
  const stays = (task: unknown) => tasks.includes(task as string);
  /** Entries of the tasks that stay. */
  const entriesOf = (value: Record<string, unknown>, of: (one: unknown) => unknown) =>
    Object.entries(value).flatMap(([task, one]) => (stays(task) ? [[task, of(one)] as const] : []));

  function part(written: Record<string, unknown>): Record<string, unknown> {
    const description = partOf(written);
    return description === undefined
      ? (unknown(written) as Record<string, unknown>)
      : onlyIn(description.options, written);
  }

  function onlyIn(options: OptionTable, written: Record<string, unknown>): Record<string, unknown> {
    const kept = Object.entries(written).flatMap(([name, value]) => {
      const takes = Object.hasOwn(options, name) ? options[name]?.takes : undefined;
      const only = takes === undefined ? value : onlyOf(takes, value);
      return only === undefined ? [] : [[name, only] as const];
    });
    return Object.fromEntries(kept);
  }

  /** What is left of a value; undefined where nothing is. */
  function onlyOf(takes: Takes, value: unknown): unknown {
    switch (takes.type) {
      case 'task':
        return stays(value) ? value : undefined;
      case 'record': {
        if (!isMapping(value)) return value;
        const of = (one: unknown) => onlyOf(takes.of, one);
        if (takes.keys !== 'task') return mapEntries(value, of);
        const own = entriesOf(value, of);
        return own.length === 0 ? undefined : Object.fromEntries(own);
      }
      case 'list': {
        if (!Array.isArray(value) || value.length === 0) return value;
        const kept = value.map((item) => onlyOf(takes.of, item)).filter((item) => item !== undefined);
        return kept.length === 0 ? undefined : kept;
      }
      case 'mapping': {
        if (!isMapping(value)) return value;
        const kept = onlyIn(takes.options, value);
        const isWhole = Object.entries(takes.options).every(
          ([name, { presence }]) => presence !== 'required' || name in kept,
        );
        return isWhole ? kept : undefined;
      }
      case 'lazy':
        return onlyOf(takes.of(), value);
      case 'either': {
        const meant = branchFor(takes.of, value);
        return meant === undefined ? value : onlyOf(meant, value);
      }
      case 'part':
      case 'code':
        return isMapping(value) ? part(value) : value;
      default:
        return value;
    }
  }

  /** Where nothing says what a value is. */
  function unknown(value: unknown): unknown {
    if (Array.isArray(value)) {
      const isOfTasks = value.length > 0 && value.every((item) => names.includes(item as string));
      return isOfTasks ? value.filter(stays) : value.map(unknown);
    }
    if (!isMapping(value)) return value;
    const keys = Object.keys(value);
    const isByTask = keys.length > 0 && keys.every((key) => names.includes(key));
    if (isByTask) return Object.fromEntries(entriesOf(value, unknown));
    return mapEntries(value, (one) => (isMapping(one) && partOf(one) !== undefined ? part(one) : unknown(one)));
  }

  return { part };
}

function mapEntries(value: Record<string, unknown>, map: (one: unknown) => unknown): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, one]) => {
      const mapped = map(one);
      return mapped === undefined ? [] : [[key, mapped]];
    }),
  );
}
