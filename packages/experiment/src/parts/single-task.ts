import type { EarlyStopping, OptionTable, Takes } from '@polytask/core';
import { isMapping } from '../config/paths.js';
import type { Config } from '../config/schema.js';
import type { NetworkConfig } from './network.js';
import { partAt } from './tables.js';
import { branchFor } from './walk-options.js';

/**
 * The configuration of a network that learns one of the tasks alone: the same encoder and head, the same optimizer, and no
 * balancing, as there is nothing to balance. Auxiliary objectives belong to joint training, which is what is measured against this.
 *
 * @param index - Which task.
 */
export function singleTaskConfig(config: Config, index: number): NetworkConfig {
  const task = config.tasks[index] as Config['tasks'][number];
  const sharing = onlyTask(config.sharing as unknown as Record<string, unknown>, task.name);
  return { tasks: [task], sharing, optimizer: config.optimizer };
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

/** Options without what they say of other tasks by name. Parts of which nothing is known stay as they are. */
function onlyTask(written: Record<string, unknown>, task: string): Record<string, unknown> {
  const part = partAt(written);
  return part === undefined ? written : onlyIn(part.options, written, task);
}

function onlyIn(options: OptionTable, written: Record<string, unknown>, task: string): Record<string, unknown> {
  const kept = Object.entries(written).flatMap(([name, value]) => {
    const takes = Object.hasOwn(options, name) ? options[name]?.takes : undefined;
    const only = takes === undefined ? value : onlyOf(takes, value, task);
    return only === undefined ? [] : [[name, only] as const];
  });
  return Object.fromEntries(kept);
}

/** What is left of a value; undefined where nothing is. */
function onlyOf(takes: Takes, value: unknown, task: string): unknown {
  switch (takes.type) {
    case 'task':
      return value === task ? value : undefined;
    case 'record': {
      if (takes.keys !== 'task' || !isMapping(value)) return value;
      return Object.hasOwn(value, task) ? { [task]: value[task] } : undefined;
    }
    case 'list': {
      if (!Array.isArray(value) || value.length === 0) return value;
      const kept = value.map((item) => onlyOf(takes.of, item, task)).filter((item) => item !== undefined);
      return kept.length === 0 ? undefined : kept;
    }
    case 'mapping': {
      if (!isMapping(value)) return value;
      const kept = onlyIn(takes.options, value, task);
      const isWhole = Object.entries(takes.options).every(
        ([name, { presence }]) => presence !== 'required' || name in kept,
      );
      return isWhole ? kept : undefined;
    }
    case 'lazy':
      return onlyOf(takes.of(), value, task);
    case 'either': {
      const meant = branchFor(takes.of, value);
      return meant === undefined ? value : onlyOf(meant, value, task);
    }
    case 'part':
      return isMapping(value) ? onlyTask(value, task) : value;
    default:
      return value;
  }
}
