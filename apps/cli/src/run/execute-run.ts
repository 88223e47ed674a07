import {
  type AnyTask,
  type EpochEvent,
  type Executor,
  metricDirections,
  PolytaskError,
  type State,
} from '@polytask/core';
import type { SelectedBackend } from '../backend/select-backend.js';
import type { PreparedRun } from '../build/prepare-run.js';
import type { NetworkResult, RunDocument, TaskSummary } from '../report/document.js';
import type { Progress } from '../report/progress.js';
import { compareWithAlone } from './compare.js';
import type { RunFolder } from './run-folder.js';
import { trainNetwork } from './train-network.js';

/** What a run needs besides its configuration. */
export interface RunSurroundings {
  readonly folder: RunFolder;
  /** What computes every network of the run, and what there is to say of it. */
  readonly executor: Executor;
  readonly backend: SelectedBackend;
  readonly versions: { readonly [program: string]: string };
  readonly progress: Progress;
  readonly signal: AbortSignal;
  /** When the program began, by `performance.now()`. */
  readonly began: number;
}

/** Trains, measures and compares; the folder tells at every moment how far it came, whatever happens. */
export async function executeRun(run: PreparedRun, around: RunSurroundings): Promise<RunDocument> {
  const { folder, signal } = around;
  let document = firstDocument(run, around);
  const update = async (changes: Partial<RunDocument>) => {
    document = { ...document, ...changes };
    await folder.writeDocument(document);
  };
  const finish = (status: RunDocument['status']) =>
    update({ status, finished: new Date().toISOString(), seconds: (performance.now() - around.began) / 1000 });
  await update({});
  try {
    const joint = await trainJoint(run, around);
    await update({ joint });
    if (run.config.compare === 'single-task') {
      for (const task of run.tasks) {
        if (signal.aborted) break;
        const alone = await trainAlone(run, task, around);
        await update({ singleTask: { ...document.singleTask, [task.name]: alone } });
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

async function trainJoint(run: PreparedRun, around: RunSurroundings): Promise<NetworkResult> {
  const { folder, progress, signal } = around;
  const several = run.tasks.length > 1;
  return trainNetwork({
    label: several ? `Training ${run.tasks.length} tasks together` : `Training task ${run.tasks[0]?.name}`,
    network: await run.joint(),
    executor: around.executor,
    training: run.training,
    data: run.data,
    seed: run.config.seed,
    signal,
    progress,
    async epochEnd(event, trainer) {
      await folder.addMetrics({ network: 'joint', ...metricsLine(event) });
      // The last one is written when all is over, best epoch restored.
      if (event.epoch < event.epochs) await folder.saveCheckpoint(await trainer.checkpoint());
    },
    async trained(trainer, makeCheckpoint) {
      await folder.saveCheckpoint(await makeCheckpoint());
      if (signal.aborted) return;
      const table = run.data.facts === undefined ? {} : { table: run.data.facts.encoding };
      await folder.saveModel(trainer, { config: run.config, ...table } as unknown as State);
    },
  });
}

async function trainAlone(run: PreparedRun, task: AnyTask, around: RunSurroundings): Promise<NetworkResult> {
  const { network, training } = await run.alone(task);
  return trainNetwork({
    label: `Training task ${task.name} alone, to compare`,
    network,
    executor: around.executor,
    training,
    data: run.data,
    seed: run.config.seed,
    signal: around.signal,
    progress: around.progress,
    epochEnd: (event) => around.folder.addMetrics({ network: 'single-task', task: task.name, ...metricsLine(event) }),
  });
}

/** What an epoch gave, by task: training loss, effective weight, and every number measured on the validation rows. */
function metricsLine({ epoch, seconds, history }: EpochEvent): object {
  const last = (lists: Readonly<Record<string, readonly number[]>>) =>
    Object.fromEntries(Object.entries(lists).flatMap(([name, list]) => (list.length > 0 ? [[name, list.at(-1)]] : [])));
  const tasks = Object.fromEntries(Object.entries(history.tasks).map(([name, values]) => [name, last(values)]));
  const auxiliary = last(history.auxiliary);
  const cosines = history.cosines.at(-1);
  return {
    epoch,
    seconds,
    steps: history.steps,
    tasks,
    ...(Object.keys(auxiliary).length > 0 && { auxiliary }),
    ...(cosines && { cosines }),
  };
}

function firstDocument(run: PreparedRun, { folder, backend, versions }: RunSurroundings): RunDocument {
  const { train, validation, test } = run.data;
  return {
    format: 1,
    name: run.source.name,
    status: 'running',
    folder: folder.path,
    file: run.source.path,
    config: run.config,
    seed: run.config.seed,
    versions,
    backend,
    started: new Date().toISOString(),
    ...(run.data.facts === undefined ? {} : { data: run.data.facts.record }),
    rows: { train: train.size, validation: validation?.size ?? 0, test: test.size },
    tasks: run.tasks.map(summarize),
  };
}

function summarize(task: AnyTask): TaskSummary {
  const { name, type, primaryMetric } = task;
  return { name, type, primaryMetric, better: metricDirections([task], 'all')[name] ?? {} };
}

/** The data of a run in one line. */
export function describeData({ config, data }: PreparedRun): string {
  const { train, validation, test } = data;
  const apart = validation === undefined ? '' : `, ${validation.size} validation`;
  const record = data.facts?.record;
  const source =
    record?.source.files.map(({ name }) => name).join(', ') ?? String((config.data as { use?: unknown }).use);
  const left = record?.leftOut.map(({ column, reason }) => `\nLeft out: \`${column}\`, ${reason}`).join('') ?? '';
  const bad = record?.badRows.count ? `\nRows that cannot be read and are left out: ${record.badRows.count}` : '';
  return `Data: ${source}; rows: ${train.size} training${apart}, ${test.size} test${left}${bad}`;
}
