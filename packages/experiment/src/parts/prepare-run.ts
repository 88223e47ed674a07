import {
  type AnyTask,
  type Balancing,
  createTrainer,
  type EarlyStopping,
  lastBatchFor,
  notesOn,
  type ParameterLayout,
  PolytaskError,
  perTaskDatasets,
  requireParts,
  type TableDataset,
  type TaskSchedule,
} from '@polytask/core';
import { useBackend } from '../backend/backends.js';
import { checkNames } from '../config/check-names.js';
import { type FilledTraining, fillTraining } from '../config/defaults.js';
import { didYouMean } from '../config/explain-issues.js';
import type { LoadedConfig } from '../config/load-config.js';
import { isMapping, type Path } from '../config/paths.js';
import type { Config } from '../config/schema.js';
import { InputError, inFileOrder } from '../errors/mistakes.js';
import { misfits, type StartModel } from '../run/start-model.js';
import { buildPart, kindsOf, type ReportPart } from './build-part.js';
import { checkColumns } from './check-columns.js';
import { dividedSources } from './datasets.js';
import { runOfGroup } from './group-runs.js';
import { loadData, type RunData } from './load-data.js';
import { buildNetwork, buildTasks, type Network, type NetworkConfig } from './network.js';
import type { BuildContext } from './part-table.js';
import { optionPath, placeOf } from './place-of.js';
import { type DescribedPart, describedParts, singleTaskConfig, singleTaskStopping } from './single-task.js';
import { tableFor } from './tables.js';
import { assumeClasses } from './task-labels.js';
import { tasksWithAuto, withThresholds } from './thresholds.js';

/** How a network is trained: everything that `fit` needs but the data. */
export type Training = Omit<FilledTraining, 'earlyStopping'> & { readonly earlyStopping?: EarlyStopping };

/** A run whose configuration, data and parts are right, before anything is computed. */
export interface PreparedRun {
  readonly source: Pick<LoadedConfig, 'path' | 'folder' | 'code' | 'name' | 'raw'>;
  readonly config: Config;
  readonly data: RunData;
  readonly tasks: readonly AnyTask[];
  readonly training: Training;
  /** Tasks that a network learns alone before all else, since the joint one is taught by it; in the order of the tasks. */
  readonly teachers: readonly string[];
  /** What the parts say of one another, where that is no mistake: sentences. */
  readonly notes: readonly string[];
  /** New parts for all tasks together; terms that are taught still wait for their teachers. */
  joint(): Promise<Network>;
  /** New parts for one task alone, and how and on what that one is trained. */
  alone(task: AnyTask): Promise<{ network: Network; training: Training; data: RunData }>;
  /** New parts for some of the tasks together, by name, with all that the configuration says of them. */
  group(names: readonly string[]): Promise<{ network: Network; training: Training; data: RunData }>;
  /** The tasks, with thresholds that were found after training. */
  tasksWith(thresholds: { readonly [task: string]: number }): Promise<readonly AnyTask[]>;
  /** Makes a mistake of an error that the configuration is to blame for; throws others as they are. */
  blame(error: unknown, path?: Path): InputError;
}

/**
 * Loads the data and builds all parts of a configuration.
 *
 * @param signal - Stops reading the data at once; its reason is thrown.
 * @throws InputError with every mistake that was found.
 */
export async function prepareRun(loaded: LoadedConfig, signal?: AbortSignal): Promise<PreparedRun> {
  const { sections, mistakes, folder, code } = loaded;
  const report: ReportPart = (path, error, atKey) => mistakes.add(path, error.message, atKey);
  const fail = () => new InputError(inFileOrder(mistakes.mistakes));
  await useBackend('cpu', code);
  const written = mistakes.mistakes.length;
  checkNames(loaded);
  const namesAgree = mistakes.mistakes.length === written;
  const data = await loadData(loaded, report, signal);
  const { tasks: unread } = data === undefined ? sections : {};
  const assumed = unread === undefined ? {} : { tasks: assumeClasses(unread, await kindsOf(unread, code)) };
  const training = sections.training && fillTraining(sections.training, data ?? {});
  const known = { ...sections, ...assumed, ...data?.config, ...(training && { training }) };
  const inputsAgree = data !== undefined && checkColumns(loaded, data);

  const { epochs = 1, accumulate = 1, batchSize = 32, lastBatch: saidLast = 'keep' } = training ?? {};
  const stepsWith = (lastBatch: 'keep' | 'drop') => {
    const perEpoch = data && Math.ceil(data.train.batches({ batchSize, lastBatch }) / accumulate);
    return perEpoch === undefined ? {} : { totalSteps: epochs * Math.max(1, perEpoch) };
  };
  const partOf = await describedParts(known.sharing, code);
  const context = { folder, code, ...stepsWith(saidLast) };
  const notes: string[] = [];
  let dropped = false;
  // A wrong optimizer is no reason to leave the model unchecked.
  const network = await buildNetwork({ optimizer: { use: 'adam' } as never, ...known }, context, report);
  const made = network?.tasks ?? (known.tasks === undefined ? [] : await buildTasks(known.tasks, context));
  const tasks = made.filter((task) => task !== undefined);
  checkMetrics(training, tasks, mistakes.add);
  if (data !== undefined && data.validation === undefined) {
    requireNoValidation(sections, mistakes.add);
    requireNoCalibration(sections, mistakes.add);
    requireNoNeed(network, mistakes.add);
  }
  const names = network?.tasks.map(({ name }) => name) ?? [];
  const tell = (error: unknown) => {
    const place = placeOf(error, names, sections);
    if (place === undefined) throw error;
    mistakes.add(place, (error as Error).message);
  };
  if (network !== undefined) {
    if (inputsAgree && namesAgree) {
      const layout = await tryModel(network, data.train.inputs).catch((error: unknown) => void tell(error));
      if (layout && known.compare === 'single-task')
        await tryAlone(known as Config, context, data, partOf, report, tell);
      if (layout && data.start) requireFit(data.start, layout, mistakes.add);
      if (layout && training && network.balancing)
        checkParts(layout, network.balancing, training, data.train.size, (error) =>
          mistakes.add(['balancing', ...optionPath(error, sections.balancing, undefined)], error.message),
        );
      if (layout && training && checkedLastBatch(layout, training, data, mistakes.add) !== saidLast) {
        dropped = true;
        Object.assign(context, stepsWith('drop'));
        notes.push('the last batch of an epoch has a single row, and is left out: batch normalisation needs two');
      }
    } else await sizeMistake(network, data).then((error) => error !== undefined && tell(error));
  }
  if (mistakes.mistakes.length > 0 || network === undefined || data === undefined) throw fail();

  const config = known as Config;
  const { earlyStopping, ...others } = config.training as FilledTraining;
  const rebuild = async (parts: NetworkConfig): Promise<Network> => {
    const built = await buildNetwork(parts, context, report);
    if (built === undefined) throw fail();
    return built;
  };
  const trainingWith = (stopping: typeof earlyStopping, ofAll = true): Training => ({
    ...others,
    ...(dropped && ofAll && { lastBatch: 'drop' }),
    ...(stopping && { earlyStopping: stopping }),
  });
  return {
    source: loaded,
    config,
    data,
    tasks: network.tasks,
    teachers: teachersOf(network),
    notes: [...notes, ...notesOn(network)],
    training: trainingWith(earlyStopping),
    joint: async () => ({
      ...(await rebuild(config)),
      ...(data.schedule === undefined ? {} : { schedule: data.schedule }),
    }),
    async alone(task) {
      const alone = await rebuild(singleTaskConfig(config, names.indexOf(task.name), partOf));
      const train = data.alone?.[task.name];
      return {
        network: alone,
        training: trainingWith(earlyStopping && singleTaskStopping(earlyStopping, task), train === undefined),
        data: train === undefined ? data : { ...data, train },
      };
    },
    async group(group) {
      const written = config as unknown as Record<string, unknown>;
      const parts = runOfGroup(written, group, await describedParts(written, code));
      const made = await rebuild(parts as unknown as NetworkConfig);
      const { earlyStopping: stopping } = parts.training as FilledTraining;
      const training = trainingWith(stopping, data.alone === undefined);
      if (data.alone === undefined) return { network: made, training, data };
      // They were put together in this way when they were drawn.
      const sources = data.alone as { readonly [task: string]: TableDataset };
      const own = Object.entries(sources).filter(([name]) => group.includes(name));
      const mixing = (parts.data as { mixing?: unknown } | undefined)?.mixing;
      const schedule = isMapping(mixing)
        ? await buildPart<TaskSchedule>(mixing, ['data', 'mixing'], tableFor('schedule'), context, report)
        : data.schedule;
      return {
        network: { ...made, ...(schedule && { schedule }) },
        training,
        data: { ...data, train: perTaskDatasets(Object.fromEntries(own)) },
      };
    },
    async tasksWith(thresholds) {
      const found = await buildTasks(withThresholds(config.tasks, thresholds), context);
      return found.filter((task) => task !== undefined);
    },
    blame(error, path = placeOf(error, names, config)) {
      if (path === undefined) throw error;
      mistakes.add(path, (error as Error).message);
      return fail();
    },
  };
}

/** The tasks that auxiliary terms need a teacher of. */
function teachersOf({ tasks, auxiliary = [] }: Network): readonly string[] {
  const waiting = auxiliary.filter(({ withTeachers }) => withTeachers !== undefined);
  const names = tasks.map(({ name }) => name);
  return names.filter((name) => waiting.some(({ taught }) => taught === undefined || taught.includes(name)));
}

/**
 * Loads the data of a configuration alone, for those who measure: how training mixes them does not matter, and no part that only
 * training needs is loaded.
 *
 * @throws InputError with every mistake that was found.
 */
export async function prepareData(loaded: LoadedConfig, signal?: AbortSignal): Promise<RunData> {
  const { sections, mistakes, code } = loaded;
  await useBackend('cpu', code);
  const { data: given } = sections;
  const mixed = dividedSources.includes(String((given as { use?: unknown } | undefined)?.use)) && given;
  const data = mixed && 'mixing' in mixed ? { ...mixed, mixing: { use: 'proportional-mixing' } } : given;
  const alone = { ...loaded, sections: { ...sections, ...(data && { data: data as never }) } };
  const found = await loadData(alone, (path, error) => mistakes.add(path, error.message), signal);
  if (found === undefined || mistakes.mistakes.length > 0) throw new InputError(inFileOrder(mistakes.mistakes));
  return found;
}

/** What happens to a last batch under the network's layers. A run in which one would get a single row is a mistake. */
function checkedLastBatch(
  layout: ParameterLayout,
  { batchSize, lastBatch }: FilledTraining,
  { train, alone = {}, schedule }: RunData,
  add: LoadedConfig['mistakes']['add'],
): 'keep' | 'drop' {
  const options = { batchSize, lastBatch };
  try {
    for (const { size } of Object.values(alone)) lastBatchFor(layout, size, options);
    return lastBatchFor(layout, train.size, { ...options, scheduled: schedule !== undefined });
  } catch (error) {
    if (!PolytaskError.isInstance(error)) throw error;
    add(error.option === undefined ? ['data'] : ['training', error.option], error.message);
    return 'keep';
  }
}

/** Batches have rows for all parts that a balancing divides them into. */
function checkParts(
  layout: ParameterLayout,
  balancing: Balancing,
  training: FilledTraining,
  rows: number,
  refuse: (error: PolytaskError) => void,
): void {
  try {
    requireParts(layout, balancing, rows, training);
  } catch (error) {
    if (!PolytaskError.isInstance(error)) throw error;
    refuse(error);
  }
}

/** The model that training starts from has all variables of the network, and no others, unless the rest may start anew. */
function requireFit(start: StartModel, layout: ParameterLayout, add: LoadedConfig['mistakes']['add']): void {
  const found = misfits(start, layout);
  if (start.partial || found.length === 0) return;
  const shown = found.slice(0, 10);
  const more = found.length > shown.length ? `; and ${found.length - shown.length} more` : '';
  const advice = `\`start: { run: ${start.shown}, partial: true }\` lets the rest start anew`;
  add(['start'], `the weights of ${start.shown} do not fit: ${shown.join('; ')}${more}. ${advice}`);
}

/**
 * Builds the model without looking at labels: whether the encoder can take the inputs, and all parts fit together.
 *
 * @returns Its variables. Those that are averages over batches, as batch normalisation keeps them, have a part of their own.
 */
async function tryModel(network: Network, inputs: RunData['train']['inputs']): Promise<ParameterLayout | undefined> {
  const unprepared = network.tasks.map(({ prepare: _, ...task }) => task as AnyTask);
  const trainer = await createTrainer({ ...network, tasks: unprepared, inputs });
  const layout = trainer.parameters?.layout;
  trainer.dispose();
  return layout;
}

/** Builds the networks that are compared with, one per task, so that what is wrong with them is reported before training. */
async function tryAlone(
  config: Config,
  context: BuildContext,
  data: RunData,
  partOf: DescribedPart,
  report: ReportPart,
  tell: (error: unknown) => void,
): Promise<void> {
  for (const [index, { name }] of (config.tasks as unknown as readonly { readonly name: string }[]).entries()) {
    const told: ReportPart = (path, error, atKey) => {
      const message = `the network that learns \`${name}\` alone, to compare: ${error.message}`;
      report(
        path[0] === 'tasks' ? ['tasks', index, ...path.slice(2)] : path,
        new PolytaskError(error.code, message),
        atKey,
      );
    };
    const network = await buildNetwork(singleTaskConfig(config, index, partOf), context, told);
    if (network !== undefined) await tryModel(network, data.train.inputs).catch(tell);
  }
}

/** Where data are not known: inputs as small as there are. */
const smallest: readonly RunData['train']['inputs'][] = [
  { numbers: { shape: [1], dtype: 'float32' } },
  { image: { shape: [32, 32, 1], dtype: 'float32' } },
];

/** Whether the model is too large, whatever the data are. What else is wrong with it cannot be seen before they are right. */
async function sizeMistake(network: Network, data: RunData | undefined): Promise<unknown> {
  for (const inputs of data === undefined ? smallest : [data.train.inputs]) {
    const error = await tryModel(network, inputs).catch((one: unknown) => one);
    if ((error as { code?: unknown } | undefined)?.code === 'POLYTASK_MODEL_TOO_LARGE') return error;
  }
  return undefined;
}

/** What is found after training is found on validation rows. */
function requireNoCalibration(
  { calibration, tasks = [] as never }: LoadedConfig['sections'],
  add: LoadedConfig['mistakes']['add'],
): void {
  const advice = 'set some apart, such as `split: { validation: 0.15 }`, or leave it out';
  if (calibration === 'temperature')
    add(['calibration'], `temperatures are found on validation rows, of which there are none; ${advice}`);
  const auto = tasksWithAuto(tasks);
  (tasks as unknown as readonly { readonly name: string }[]).forEach(({ name }, index) => {
    if (!auto.includes(name)) return;
    add(['tasks', index, 'threshold'], `thresholds are found on validation rows, of which there are none; ${advice}`);
  });
}

/** Some methods go by validation rows. */
function requireNoNeed(network: Partial<Network> | undefined, add: LoadedConfig['mistakes']['add']): void {
  const { balancing, auxiliary = [], observers = [] } = network ?? {};
  const lists = { auxiliary, observers };
  const places = Object.entries(lists).flatMap(([list, parts]) => parts.map((part, i) => [[list, i], part] as const));
  for (const [path, part] of [[['balancing'], balancing] as const, ...places]) {
    if (!part?.needsValidation) continue;
    add(
      [...path],
      `\`${part.name}\` goes by validation rows, of which there are none; set some apart, such as \`split: { validation: 0.15 }\``,
    );
  }
}

/** A column that divides the rows may mark none for validation. */
function requireNoValidation(
  { training, split }: LoadedConfig['sections'],
  add: LoadedConfig['mistakes']['add'],
): void {
  if (split?.column === undefined) return;
  const advice = `no row of column \`${split.column}\` is for validation; mark some, or turn this off`;
  if (training?.earlyStopping)
    add(['training', 'earlyStopping'], `early stopping watches validation rows, and ${advice}`, true);
  if (training?.checkpoints.keepBest !== undefined) {
    add(['training', 'checkpoints', 'keepBest'], `the best epoch is found by validation rows, and ${advice}`, true);
  }
}

/** Metrics that are watched exist, and can be ranked. */
function checkMetrics(
  training: FilledTraining | undefined,
  tasks: readonly AnyTask[],
  add: LoadedConfig['mistakes']['add'],
): void {
  const { earlyStopping, checkpoints } = training ?? {};
  const { keepBest } = checkpoints ?? {};
  checkMetric(earlyStopping ? earlyStopping.monitor : undefined, ['training', 'earlyStopping', 'monitor'], tasks, add);
  checkMetric(keepBest, ['training', 'checkpoints', 'keepBest'], tasks, add);
  const sides = tasks.map((task) => task.metrics.find(({ name }) => name === task.primaryMetric)?.better);
  if (keepBest !== 'mean' || new Set(sides).size <= 1) return;
  const primary = tasks
    .map(({ name, primaryMetric }, index) => `${name}: ${primaryMetric}, ${sides[index]}`)
    .join('; ');
  const message = `a mean of metrics that are better on different sides means nothing (${primary}); expected loss, or { task, metric }`;
  add(['training', 'checkpoints', 'keepBest'], message);
}

function checkMetric(
  watched: unknown,
  path: Path,
  tasks: readonly AnyTask[],
  add: LoadedConfig['mistakes']['add'],
): void {
  if (!isMapping(watched)) return;
  const task = tasks.find(({ name }) => name === watched.task);
  const known = ['loss', ...(task?.metrics.filter(({ better }) => better !== 'none').map(({ name }) => name) ?? [])];
  const metric = String(watched.metric);
  if (task === undefined || known.includes(metric)) return;
  const expected = `task \`${task.name}\` has no metric \`${metric}\`; expected ${known.join(', ')}`;
  add([...path, 'metric'], `${expected}${didYouMean(metric, known)}`);
}
