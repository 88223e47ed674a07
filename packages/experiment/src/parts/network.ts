import type {
  AnyTask,
  AuxiliaryObjective,
  Balancing,
  Observer,
  Optimizer,
  SharingStrategy,
  TaskSchedule,
} from '@polytask/core';
import type { Path } from '../config/paths.js';
import type { Config } from '../config/schema.js';
import { buildPart, type ReportPart } from './build-part.js';
import type { BuildContext } from './part-table.js';
import { tableFor } from './tables.js';

/** The parts of one network: what `createTrainer` takes. */
export interface Network {
  readonly tasks: readonly AnyTask[];
  readonly sharing: SharingStrategy;
  readonly balancing?: Balancing;
  readonly auxiliary?: readonly AuxiliaryObjective[];
  readonly observers?: readonly Observer[];
  readonly primary?: string;
  readonly groups?: { readonly [group: string]: readonly string[] };
  readonly optimizer: Optimizer;
  /** Where tasks have rows of their own: how they are mixed. */
  readonly schedule?: TaskSchedule;
}

/** What a network is built from. */
export type NetworkConfig = Pick<Config, 'tasks' | 'optimizer'> & { readonly sharing?: unknown } & Partial<
    Pick<Config, 'balancing' | 'auxiliary' | 'observers' | 'primary' | 'groups'>
  >;

/**
 * Builds what a trained model is made of: tasks and sharing. Whatever else the network was trained with is not looked at, let alone
 * loaded.
 *
 * @param inspected - Whether auxiliary objectives are looked at: those are kept that have something to say of rows.
 */
export async function buildModel(
  { tasks, sharing, ...config }: NetworkConfig,
  context: BuildContext,
  report: ReportPart,
  inspected = false,
): Promise<Network | undefined> {
  const { primary, groups } = config;
  const further = inspected && config.auxiliary ? { auxiliary: config.auxiliary, primary, groups } : {};
  const parts = { tasks, sharing, optimizer: { use: 'sgd' } as never, ...further };
  const network = await buildNetwork(parts as Partial<NetworkConfig>, context, report);
  if (network?.auxiliary === undefined) return network;
  return { ...network, auxiliary: network.auxiliary.filter((part) => (part.inspected ?? []).length > 0) };
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
  const part = <Made>(value: unknown, path: Path, kind: string) =>
    value === undefined ? Promise.resolve(undefined) : buildPart<Made>(value, path, tableFor(kind), context, report);
  const parts = <Made>(values: readonly unknown[] = [], key: string, kind: string) =>
    Promise.all(values.map((value, index) => part<Made>(value, [key, index], kind)));
  const [tasks, sharing, balancing, auxiliary, observers, optimizer] = await Promise.all([
    parts<AnyTask>(config.tasks, 'tasks', 'task'),
    part<SharingStrategy>(config.sharing, ['sharing'], 'sharing'),
    part<Balancing>(config.balancing, ['balancing'], 'loss-weighting'),
    parts<AuxiliaryObjective>(config.auxiliary, 'auxiliary', 'auxiliary'),
    parts<Observer>(config.observers, 'observers', 'observer'),
    part<Optimizer>(config.optimizer, ['optimizer'], 'optimizer'),
  ]);
  const isWhole = <Part>(list: readonly (Part | undefined)[]): list is readonly Part[] => !list.includes(undefined);
  if (!isWhole(tasks) || !isWhole(auxiliary) || !isWhole(observers) || tasks.length === 0) return undefined;
  if (sharing === undefined || optimizer === undefined) return undefined;
  if (config.balancing !== undefined && balancing === undefined) return undefined;
  const { primary, groups } = config;
  return {
    tasks,
    sharing,
    ...(balancing === undefined ? {} : { balancing }),
    ...(auxiliary.length === 0 ? {} : { auxiliary }),
    ...(observers.length === 0 ? {} : { observers }),
    ...(primary === undefined ? {} : { primary }),
    ...(groups === undefined ? {} : { groups }),
    optimizer,
  };
}

/** The tasks, undefined where one cannot be made; what is wrong with it, building the network tells. */
export function buildTasks(tasks: Config['tasks'], context: BuildContext): Promise<(AnyTask | undefined)[]> {
  return Promise.all(
    tasks.map((task, index) => buildPart<AnyTask>(task, ['tasks', index], tableFor('task'), context, () => {})),
  );
}

/** A network without the terms that learn from teachers, for where none have been trained. */
export function withoutTaught(network: Network): Network {
  const { auxiliary } = network;
  return auxiliary === undefined
    ? network
    : { ...network, auxiliary: auxiliary.filter(({ withTeachers }) => withTeachers === undefined) };
}
