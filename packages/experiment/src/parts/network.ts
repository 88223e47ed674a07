import type { AnyTask, Balancing, Optimizer, SharingStrategy, TaskSchedule } from '@polytask/core';
import type { Config } from '../config/schema.js';
import { buildPart, type ReportPart } from './build-part.js';
import type { BuildContext } from './part-table.js';
import { tableFor } from './tables.js';

/** The parts of one network: what `createTrainer` takes. */
export interface Network {
  readonly tasks: readonly AnyTask[];
  readonly sharing: SharingStrategy;
  readonly balancing?: Balancing;
  readonly optimizer: Optimizer;
  /** Where tasks have rows of their own: how they are mixed. */
  readonly schedule?: TaskSchedule;
}

/** What a network is built from. */
export type NetworkConfig = Pick<Config, 'tasks' | 'sharing' | 'optimizer'> & { readonly balancing?: unknown };

/**
 * Builds what a trained model is made of: tasks and sharing. Whatever else the network was trained with is not looked at, let alone
 * loaded.
 */
export function buildModel(
  { tasks, sharing }: Pick<NetworkConfig, 'tasks' | 'sharing'>,
  context: BuildContext,
  report: ReportPart,
): Promise<Pick<Network, 'tasks' | 'sharing'> | undefined> {
  return buildNetwork({ tasks, sharing, optimizer: { use: 'sgd' } as never }, context, report);
}

/**
 * Builds all parts of a network anew.
 *
 * @param report - Called for everything that cannot be made.
 * @returns The network; undefined where something was reported.
 */
export async function buildNetwork(
  config: Partial<NetworkConfig>,
  context: BuildContext,
  report: ReportPart,
): Promise<Network | undefined> {
  const part = <Made>(value: unknown, path: string | readonly [string, number], kind: string) =>
    value === undefined
      ? Promise.resolve(undefined)
      : buildPart<Made>(value, typeof path === 'string' ? [path] : path, tableFor(kind), context, report);
  const [tasks, sharing, balancing, optimizer] = await Promise.all([
    Promise.all((config.tasks ?? []).map((task, index) => part<AnyTask>(task, ['tasks', index], 'task'))),
    part<SharingStrategy>(config.sharing, 'sharing', 'sharing'),
    part<Balancing>(config.balancing, 'balancing', 'loss-weighting'),
    part<Optimizer>(config.optimizer, 'optimizer', 'optimizer'),
  ]);
  const known = tasks.filter((task) => task !== undefined);
  const complete = known.length === tasks.length && known.length > 0 && (config.balancing === undefined || balancing);
  if (!complete || sharing === undefined || optimizer === undefined) return undefined;
  return { tasks: known, sharing, ...(balancing === undefined ? {} : { balancing }), optimizer };
}

/** The tasks that can be made; what is wrong with the others, building the network tells. */
export async function buildTasks(tasks: Config['tasks'], context: BuildContext): Promise<AnyTask[]> {
  const made = await Promise.all(
    tasks.map((task, index) => buildPart<AnyTask>(task, ['tasks', index], tableFor('task'), context, () => {})),
  );
  return made.filter((task) => task !== undefined);
}
