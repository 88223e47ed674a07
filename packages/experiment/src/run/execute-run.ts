import {
  type AnyTask,
  type Checkpoint,
  constantScores,
  type EpochEvent,
  type Executor,
  type FrozenModel,
  type History,
  metricDirections,
  PolytaskError,
  type State,
  type Teachers,
} from '@polytask/core';
import type { RunData } from '../parts/load-data.js';
import type { Network } from '../parts/network.js';
import { withPartDefaults } from '../parts/part-defaults.js';
import type { PreparedRun } from '../parts/prepare-run.js';
import { tasksWithAuto, withThresholds } from '../parts/thresholds.js';
import { bestEpoch } from './best-epoch.js';
import { compareWithAlone } from './compare.js';
import { fingerprintOf } from './data-fingerprint.js';
import { describeTable } from './describe-table.js';
import {
  type MetricsLine,
  type NetworkResult,
  type RunDocument,
  runFormat,
  type SelectedBackend,
  type TaskSummary,
} from './document.js';
import { isCompared, networksOf, type RunNetwork, resultOf, unfinishedNetwork, withResult } from './networks.js';
import { overSeeds } from './over-seeds.js';
import type { Progress } from './progress.js';
import type { RunFolder } from './run-folder.js';
import { findTeacher } from './teachers.js';
import { type NetworkRun, trainNetwork } from './train-network.js';

/** What a run needs besides its configuration. */
export interface RunSurroundings {
  readonly folder: RunFolder;
  /** What computes every network of the run, and what there is to say of it at this moment. */
  readonly executor: Executor;
  readonly backend: () => SelectedBackend;
  readonly versions: { readonly [program: string]: string };
  readonly progress: Progress;
  readonly signal: AbortSignal;
  /** When the program began, by `performance.now()`. */
  readonly began: number;
}

/** A run that had been stopped, and where it goes on; or a new one that goes on where another run was. */
export interface BegunRun {
  /** None where it is a new one. */
  readonly document?: RunDocument;
  /** Of a new one: where the other run is, and how many epochs it had done. */
  readonly continued?: RunDocument['continued'];
  /** Of the first network without results; none where it has none yet. */
  readonly checkpoint?: Checkpoint | undefined;
}

/**
 * Trains, measures and compares; the folder tells at every moment how far it came, whatever happens.
 *
 * @param begun - What there is of it already; networks with results are not trained again.
 */
export async function executeRun(run: PreparedRun, around: RunSurroundings, begun?: BegunRun): Promise<RunDocument> {
  const { folder, signal } = around;
  const secondsBefore = begun?.document?.seconds ?? 0;
  // What `run.json` says of the configuration anybody may have changed since; that of the run has been checked.
  const config = withPartDefaults(run.config);
  let document =
    begun?.document === undefined ? await firstDocument(run, around, begun?.continued) : { ...begun.document, config };
  let { checkpoint } = begun ?? {};
  /** The checkpoint belongs to the first network that is trained. */
  const takeCheckpoint = () => {
    const taken = checkpoint;
    checkpoint = undefined;
    return taken;
  };
  const update = async (changes: Partial<RunDocument>) => {
    document = { ...document, ...changes, backend: around.backend() };
    await folder.writeDocument(document);
  };
  const finish = (status: RunDocument['status'], changes: Partial<RunDocument> = {}) =>
    update({
      ...changes,
      status,
      finished: new Date().toISOString(),
      seconds: secondsBefore + (performance.now() - around.began) / 1000,
    });
  /** The first checkpoint that another backend has made is the moment to say so. */
  const saved = async () => {
    if (document.backend.name !== around.backend().name) await update({});
  };
  await update({});
  /** Those of the seed under way. */
  const teachers: Record<string, FrozenModel> = {};
  try {
    for (const network of networksOf(run)) {
      const { name, repetition, task } = network;
      const isKept = repetition === 0 && task === undefined;
      const isNew = resultOf(document, network)?.tasks === undefined;
      const taught = resultOf(document, { repetition })?.tasks === undefined;
      const teaches = task !== undefined && taught && run.teachers.includes(task);
      if (isNew || teaches) {
        if (signal.aborted && document.joint !== undefined) break;
        const kept = { saved, isNew, teachers, checkpoint: isNew ? takeCheckpoint() : undefined };
        const train = (trained?: NetworkRun['trained']) => trainOne(run, network, around, { ...kept, trained });
        const { result, teacher } = teaches
          ? await findTeacher(run, network, around, train)
          : { result: await train(), teacher: undefined };
        if (task !== undefined && teacher !== undefined) teachers[task] = teacher;
        const { train: rows, test } = run.data;
        const baseline = isKept &&
          result.tasks &&
          test.size > 0 && { baseline: await constantScores(run.tasks, rows, test) };
        if (isNew) await update({ ...withResult(document, network, result), ...baseline });
        if (result.tasks === undefined) break;
      }
      // Its results are all that is wanted of it.
      if (!isKept) await folder.dropCheckpoints(name);
    }
    const complete = unfinishedNetwork(document) === undefined;
    await finish(complete ? 'done' : 'interrupted', complete ? comparisons(run, document) : {});
    return document;
  } catch (error) {
    const { message } = error as Error;
    const code = PolytaskError.isInstance(error) ? error.code : (error as NodeJS.ErrnoException).code;
    // The disk may be full: what went wrong first is what counts.
    await update({ error: { ...(code === undefined ? {} : { code }), message } })
      .then(() => finish('failed'))
      .catch(() => {});
    throw error;
  }
}

/** What all networks say together. */
function comparisons({ config, tasks, teachers }: PreparedRun, document: RunDocument): Partial<RunDocument> {
  const compared = isCompared({ config, tasks, teachers });
  const deltaM = ({ joint, singleTask = {} }: Pick<RunDocument, 'joint' | 'singleTask'>) =>
    joint === undefined ? null : (compareWithAlone(tasks, joint, singleTask) ?? null);
  const spread = overSeeds(document);
  return {
    ...(compared && { deltaM: deltaM(document) }),
    ...(compared && document.repeats && { repeats: document.repeats.map((one) => ({ ...one, deltaM: deltaM(one) })) }),
    ...(spread && { overSeeds: spread }),
  };
}

/** How one of the networks is trained. */
interface TrainOne {
  readonly checkpoint: Checkpoint | undefined;
  readonly saved: () => Promise<void>;
  /** Whether the run has not recorded it yet. */
  readonly isNew: boolean;
  readonly teachers: Teachers;
  readonly trained: NetworkRun['trained'];
}

async function trainOne(
  run: PreparedRun,
  network: RunNetwork,
  around: RunSurroundings,
  { checkpoint, saved, isNew, teachers, trained }: TrainOne,
): Promise<NetworkResult> {
  const { folder, progress, signal } = around;
  const { name, repetition, seed } = network;
  const task = run.tasks.find((one) => one.name === network.task);
  const { keepLast, keepBest } = run.training.checkpoints;
  const parts =
    task === undefined
      ? { network: taughtBy(await run.joint(), teachers), training: run.training, data: run.data }
      : await run.alone(task);
  const line = {
    ...(task === undefined ? { network: 'joint' as const } : { network: 'single-task' as const, task: task.name }),
    ...(repetition > 0 && { seed }),
  };
  return trainNetwork({
    ...parts,
    label: labelOf(run, network),
    executor: around.executor,
    backend: () => around.backend().name,
    seed,
    calibration: calibrationOf(run),
    signal,
    progress,
    checkpoint,
    epochEnd: async (event) => {
      if (isNew) await folder.addMetrics({ ...line, ...metricsLine(event) });
    },
    async save(made, trainer) {
      const best =
        keepBest === undefined || task !== undefined
          ? undefined
          : bestEpoch(trainer.history as History, run.tasks, keepBest);
      await folder.saveCheckpoint(name, made, { keepLast, bestEpoch: best });
      await saved();
    },
    async trained(trainer, thresholds) {
      await trained?.(trainer, thresholds);
      if (signal.aborted || task !== undefined || repetition > 0) return;
      const config = { ...run.config, tasks: withThresholds(run.config.tasks, thresholds) };
      const table =
        run.data.facts === undefined
          ? {}
          : { table: run.data.facts.encoding, ...(run.data.facts.reading && { reading: run.data.facts.reading }) };
      await folder.saveModel(trainer, { config, ...table } as unknown as State);
    },
  });
}

/** Its terms that wait for teachers have them. */
function taughtBy(network: Network, teachers: Teachers): Network {
  const { auxiliary } = network;
  return auxiliary === undefined
    ? network
    : { ...network, auxiliary: auxiliary.map((one) => one.withTeachers?.(teachers) ?? one) };
}

/** What progress calls a network. */
function labelOf({ config, tasks, teachers }: PreparedRun, { repetition, seed, task }: RunNetwork): string {
  const which = config.repeat === 1 ? '' : `, seed ${seed} (${repetition + 1} of ${config.repeat})`;
  const goal = task !== undefined && teachers.includes(task) ? 'teach' : 'compare';
  if (task !== undefined) return `Training task ${task} alone, to ${goal}${which}`;
  const what = tasks.length > 1 ? `${tasks.length} tasks together` : `task ${tasks[0]?.name}`;
  return `Training ${what}${which}`;
}

const calibrationOf = ({ config, tasksWith }: PreparedRun) => ({
  temperature: config.calibration === 'temperature',
  thresholds: tasksWithAuto(config.tasks),
  tasksWith,
});

/** What an epoch gave, by task: training loss, effective weight, and every number measured on the validation rows. */
function metricsLine({ epoch, seconds, history }: EpochEvent): Omit<MetricsLine, 'network' | 'task'> {
  const last = (lists: Readonly<Record<string, readonly number[]>>) =>
    Object.fromEntries(
      Object.entries(lists).flatMap(([name, list]) => (list.length > 0 ? [[name, list.at(-1) as number]] : [])),
    );
  const tasks = Object.fromEntries(Object.entries(history.tasks).map(([name, values]) => [name, last(values)]));
  const auxiliary = last(history.auxiliary);
  const logged = last(history.logged);
  // An epoch that held its weights compared no gradients.
  const compared = Object.values(last(history.gradientNorms)).some((norm) => !Number.isNaN(norm));
  return {
    epoch,
    seconds,
    steps: history.steps,
    tasks,
    ...(Object.keys(auxiliary).length > 0 && { auxiliary }),
    ...(Object.keys(logged).length > 0 && { logged }),
    ...(compared && { cosines: history.cosines.at(-1) as number[][], gradientNorms: last(history.gradientNorms) }),
  };
}

/** What `run.json` says before anything is trained. */
export async function firstDocument(
  run: PreparedRun,
  { folder, backend, versions }: RunSurroundings,
  continued: RunDocument['continued'],
): Promise<RunDocument> {
  const { train, validation, test } = run.data;
  return {
    format: runFormat,
    name: run.source.name,
    status: 'running',
    folder: folder.path,
    file: run.source.path,
    given: run.source.raw,
    config: withPartDefaults(run.config),
    seed: run.config.seed,
    versions,
    backend: backend(),
    started: new Date().toISOString(),
    ...(continued === undefined ? {} : { continued }),
    ...(run.data.facts === undefined ? {} : { data: run.data.facts.record }),
    rows: { train: train.size, validation: validation?.size ?? 0, test: test.size },
    fingerprints: await fingerprintsOf(run.data),
    tasks: run.tasks.map(summarize),
    ...(run.teachers.length > 0 && { teachers: run.teachers }),
  };
}

/** What identifies the rows of a run, part by part. */
export async function fingerprintsOf({ train, validation, test }: RunData): Promise<RunDocument['fingerprints']> {
  return {
    train: await fingerprintOf(train),
    ...(validation === undefined ? {} : { validation: await fingerprintOf(validation) }),
    test: await fingerprintOf(test),
  };
}

/** A task as results speak of it. */
export function summarize(task: AnyTask): TaskSummary {
  const { name, type, primaryMetric } = task;
  return { name, type, primaryMetric, better: metricDirections([task], 'all')[name] ?? {} };
}

/** The data of a run: rows, every column with what it was taken for, and what may be a mistake. */
export function describeData({ config, data }: PreparedRun): string {
  const { train, validation, test } = data;
  const apart = validation === undefined ? '' : `, ${validation.size} validation`;
  const { facts } = data;
  const source = facts?.source ?? String((config.data as { use?: unknown }).use);
  const bad = facts?.badRows ? `\nRows that cannot be read and are left out: ${facts.badRows}` : '';
  const columns = facts === undefined || !('columns' in facts.record) ? [] : describeTable(facts.record);
  const lines = columns.map((line) => `\n${line}`).join('');
  return `Data: ${source}; rows: ${train.size} training${apart}, ${test.size} test${lines}${bad}`;
}
