import {
  type AnyTask,
  type Checkpoint,
  constantScores,
  type EpochEvent,
  type Executor,
  type History,
  metricDirections,
  PolytaskError,
  type State,
} from '@polytask/core';
import type { RunData } from '../parts/load-data.js';
import { withPartDefaults } from '../parts/part-defaults.js';
import type { PreparedRun } from '../parts/prepare-run.js';
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
import type { Progress } from './progress.js';
import type { NetworkName, RunFolder } from './run-folder.js';
import { trainNetwork } from './train-network.js';

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

/** A run that had been stopped, and where it goes on. */
export interface BegunRun {
  readonly document: RunDocument;
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
  const secondsBefore = begun?.document.seconds ?? 0;
  let document = begun?.document ?? (await firstDocument(run, around));
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
  const finish = (status: RunDocument['status']) =>
    update({
      status,
      finished: new Date().toISOString(),
      seconds: secondsBefore + (performance.now() - around.began) / 1000,
    });
  /** The first checkpoint that another backend has made is the moment to say so. */
  const saved = async () => {
    if (document.backend.name !== around.backend().name) await update({});
  };
  await update({});
  try {
    if (document.joint?.tasks === undefined) {
      const joint = await trainJoint(run, around, takeCheckpoint(), saved);
      const { train, test } = run.data;
      await update({ joint, ...(joint.tasks && { baseline: await constantScores(run.tasks, train, test) }) });
    }
    const joint = document.joint as NetworkResult;
    if (run.config.compare === 'single-task') {
      for (const [index, task] of run.tasks.entries()) {
        if (signal.aborted) break;
        const name = networkOf(index);
        if (document.singleTask?.[task.name]?.tasks === undefined) {
          const alone = await trainAlone(run, { task, name }, around, takeCheckpoint(), saved);
          await update({ singleTask: { ...document.singleTask, [task.name]: alone } });
        }
        // Its results are all that is wanted of it.
        if (document.singleTask?.[task.name]?.tasks !== undefined) await folder.dropCheckpoints(name);
      }
      if (!signal.aborted)
        await update({ deltaM: compareWithAlone(run.tasks, joint, document.singleTask ?? {}) ?? null });
    }
    const complete = run.config.compare === 'single-task' ? document.deltaM !== undefined : joint.tasks !== undefined;
    await finish(complete ? 'done' : 'interrupted');
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

/** The network that learns one task alone. */
export function networkOf(taskIndex: number): NetworkName {
  return `single-task-${taskIndex + 1}`;
}

async function trainJoint(
  run: PreparedRun,
  around: RunSurroundings,
  checkpoint: Checkpoint | undefined,
  saved: () => Promise<void>,
): Promise<NetworkResult> {
  const { folder, progress, signal } = around;
  const { keepLast, keepBest } = run.training.checkpoints;
  const several = run.tasks.length > 1;
  return trainNetwork({
    label: several ? `Training ${run.tasks.length} tasks together` : `Training task ${run.tasks[0]?.name}`,
    network: await run.joint(),
    executor: around.executor,
    backend: () => around.backend().name,
    training: run.training,
    data: run.data,
    seed: run.config.seed,
    signal,
    progress,
    checkpoint,
    epochEnd: (event) => folder.addMetrics({ network: 'joint', ...metricsLine(event) }),
    async save(made, trainer) {
      const best = keepBest === undefined ? undefined : bestEpoch(trainer.history as History, run.tasks, keepBest);
      await folder.saveCheckpoint('joint', made, { keepLast, bestEpoch: best });
      await saved();
    },
    async trained(trainer) {
      if (signal.aborted) return;
      const table =
        run.data.facts === undefined
          ? {}
          : { table: run.data.facts.encoding, ...(run.data.facts.reading && { reading: run.data.facts.reading }) };
      await folder.saveModel(trainer, { config: run.config, ...table } as unknown as State);
    },
  });
}

async function trainAlone(
  run: PreparedRun,
  { task, name }: { task: AnyTask; name: NetworkName },
  around: RunSurroundings,
  checkpoint: Checkpoint | undefined,
  saved: () => Promise<void>,
): Promise<NetworkResult> {
  const { network, training, data } = await run.alone(task);
  const { folder, progress, signal } = around;
  return trainNetwork({
    label: `Training task ${task.name} alone, to compare`,
    network,
    executor: around.executor,
    backend: () => around.backend().name,
    training,
    data,
    seed: run.config.seed,
    signal,
    progress,
    checkpoint,
    epochEnd: (event) => folder.addMetrics({ network: 'single-task', task: task.name, ...metricsLine(event) }),
    async save(made) {
      await folder.saveCheckpoint(name, made, { keepLast: run.training.checkpoints.keepLast });
      await saved();
    },
  });
}

/** What an epoch gave, by task: training loss, effective weight, and every number measured on the validation rows. */
function metricsLine({ epoch, seconds, history }: EpochEvent): Omit<MetricsLine, 'network' | 'task'> {
  const last = (lists: Readonly<Record<string, readonly number[]>>) =>
    Object.fromEntries(
      Object.entries(lists).flatMap(([name, list]) => (list.length > 0 ? [[name, list.at(-1) as number]] : [])),
    );
  const tasks = Object.fromEntries(Object.entries(history.tasks).map(([name, values]) => [name, last(values)]));
  const auxiliary = last(history.auxiliary);
  const logged = last(history.logged);
  const cosines = history.cosines.at(-1);
  return {
    epoch,
    seconds,
    steps: history.steps,
    tasks,
    ...(Object.keys(auxiliary).length > 0 && { auxiliary }),
    ...(Object.keys(logged).length > 0 && { logged }),
    ...(cosines && { cosines }),
  };
}

async function firstDocument(run: PreparedRun, { folder, backend, versions }: RunSurroundings): Promise<RunDocument> {
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
    ...(run.data.facts === undefined ? {} : { data: run.data.facts.record }),
    rows: { train: train.size, validation: validation?.size ?? 0, test: test.size },
    fingerprints: await fingerprintsOf(run.data),
    tasks: run.tasks.map(summarize),
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
