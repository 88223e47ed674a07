import { isMapping } from '../config/paths.js';
import type { Config } from '../config/schema.js';
import type { NetworkConfig } from './network.js';
import { sharings } from './sharing.js';

/**
 * The configuration of a network that learns one of the tasks alone: the same encoder and head, the same optimizer, and no
 * balancing, as there is nothing to balance.
 *
 * @param index - Which task.
 */
export function singleTaskConfig(config: Config, index: number): NetworkConfig {
  const task = config.tasks[index] as Config['tasks'][number];
  const sharing = onlyTask(config.sharing as unknown as Record<string, unknown>, task.name);
  return { tasks: [task], sharing: sharing as unknown as Config['sharing'], optimizer: config.optimizer };
}

/** Early stopping that watches a task which is not there watches the same metric of the one that is, if it has it. */
export function singleTaskStopping(
  stopping: Config['training']['earlyStopping'],
  task: {
    readonly name: string;
    readonly primaryMetric: string;
    readonly metrics: readonly { readonly name: string }[];
  },
): Config['training']['earlyStopping'] {
  if (typeof stopping?.monitor !== 'object') return stopping;
  const { metric } = stopping.monitor;
  const has = metric === 'loss' || task.metrics.some(({ name }) => name === metric);
  return { ...stopping, monitor: { task: task.name, metric: has ? metric : task.primaryMetric } };
}

/** What our own strategies say about tasks by name, for one of them. Others' options stay as they are. */
function onlyTask(sharing: Record<string, unknown>, task: string): Record<string, unknown> {
  if (!sharings.parts.has(String(sharing.use))) return sharing;
  const changed: Record<string, unknown> = { ...sharing };
  for (const option of ['head', 'adapters']) {
    const byTask = sharing[option];
    if (!isMapping(byTask) || typeof byTask.use === 'string') continue;
    if (Object.hasOwn(byTask, task)) changed[option] = { [task]: byTask[task] };
    else delete changed[option];
  }
  if (sharing.tree !== undefined) changed.tree = onlyBranch(sharing.tree, task);
  return changed;
}

/** The part of a tree of branches that leads to one task; undefined where it is not below. */
function onlyBranch(node: unknown, task: string): unknown {
  if (typeof node === 'string') return node === task ? node : undefined;
  if (!isMapping(node) || !Array.isArray(node.branches)) return undefined;
  const below = node.branches.map((branch) => onlyBranch(branch, task)).filter((branch) => branch !== undefined);
  return below.length === 0 ? undefined : { ...node, branches: below };
}
