import { isDeepStrictEqual } from 'node:util';
import { reestimateStatistics, type Weights } from '@polytask/complementarity';
import {
  constantScores,
  createTrainer,
  type FrozenModel,
  type HostTensor,
  PolytaskError,
  type State,
  type TaskConstants,
  type TrainedModel,
} from '@polytask/core';
import { chooseBackend } from '../backend/choose-backend.js';
import { checkConfig } from '../config/load-config.js';
import { InputError } from '../errors/mistakes.js';
import { type PreparedRun, prepareRun } from '../parts/prepare-run.js';
import { compareWithAlone } from '../run/compare.js';
import type { NetworkResult, RunDocument } from '../run/document.js';
import { firstDocument, type RunSurroundings } from '../run/execute-run.js';
import { makeOutput, type OutputFolder } from '../run/output-folder.js';
import type { Progress } from '../run/progress.js';
import { versionsOf } from '../run/versions.js';
import { withRunFolder } from '../run/with-run-folder.js';
import { type MergedSource, type MergeMethod, type MergeNumbers, mergeCommon } from './merge-methods.js';
import { mergedConfig, readSources, type SourceRun } from './read-sources.js';

/** What is merged, and how. */
export interface MergeRequest {
  /** Run folders, at least two, as the user wrote them. */
  readonly folders: readonly string[];
  readonly method: MergeMethod;
  readonly numbers?: MergeNumbers | undefined;
  readonly cwd: string;
  readonly plugins?: readonly string[] | undefined;
  /** Where the merged run is written; default `runs/merged-<n>`. */
  readonly output?: OutputFolder | undefined;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/**
 * Merges the networks of finished runs into one that has the tasks of all, measures it on the test rows, and leaves a run folder that
 * predicts, measures and exports like any other.
 *
 * What the runs have in common is merged; what one of them has alone, such as the head of its task, stays as it is. Statistics of BatchNorm
 * are taken anew from the training rows.
 *
 * @returns What `run.json` of the merged run says.
 * @throws InputError where runs do not fit each other, or the folder is not empty.
 */
export async function mergeRuns(request: MergeRequest): Promise<RunDocument> {
  const { folders, method, numbers = {}, cwd, progress, signal } = request;
  const began = performance.now();
  const sources = await readSources(folders, request);
  const [first] = sources as readonly [SourceRun];
  refuseOtherStart(first, method);
  const raw = mergedConfig(sources);
  const yaml = { positions: first.read.positions, mistakes: [] };
  const loaded = checkConfig({
    file: first.read.file,
    path: first.read.document.file,
    code: first.saved.code,
    yaml,
    raw,
  });
  const run = await prepareRun(loaded, signal);
  const { executor, current } = await chooseBackend(run, progress.warn);
  const { path, where } = await makeOutput(request.output, cwd, 'merged');
  return withRunFolder(path, where, async (folder) => {
    const versions = versionsOf(run.config, loaded.code);
    const around: RunSurroundings = { folder, executor, backend: current, versions, progress, signal, began };
    progress.note(`Merging ${folders.join(', ')} by ${method}`);
    const merged = await mergedModel(run, sources, { method, numbers }, around);
    const { network, model } = merged;
    const trainer = await createTrainer({ ...network, executor, seed: run.config.seed });
    try {
      await trainer.loadModel(model);
      const { train, test } = run.data;
      const measuring = performance.now();
      const scores = await trainer.evaluate(test, { batchSize: run.training.evaluationBatchSize });
      const joint: NetworkResult = {
        parameters: trainer.parameters?.layout.size ?? 0,
        epochs: 0,
        steps: 0,
        stopped: 'epochs',
        seconds: { training: 0, evaluation: (performance.now() - measuring) / 1000 },
        tasks: scores.tasks as NonNullable<NetworkResult['tasks']>,
      };
      const { facts } = run.data;
      const table = facts && { table: facts.encoding, ...(facts.reading && { reading: facts.reading }) };
      await folder.saveModel(trainer as never, { config: run.config, ...table } as unknown as State);
      const singleTask = aloneOf(sources);
      const whole = run.tasks.every(({ name }) => Object.hasOwn(singleTask, name));
      const document: RunDocument = {
        ...(await firstDocument(run, around, undefined)),
        status: 'done',
        merged: { method, numbers: plainNumbers(numbers), runs: [...folders] },
        joint,
        baseline: (await constantScores(run.tasks, train, test)) as never,
        ...(Object.keys(singleTask).length > 0 && { singleTask }),
        ...(whole && { deltaM: compareWithAlone(run.tasks, joint, singleTask) ?? null }),
        finished: new Date().toISOString(),
        seconds: (performance.now() - began) / 1000,
      };
      await folder.writeDocument(document);
      return document;
    } finally {
      trainer.dispose();
    }
  });
}

/** Weights that a run took from elsewhere are not those that its seed gives. */
function refuseOtherStart({ saved, shown }: SourceRun, method: MergeMethod): void {
  const { start } = saved.config as { readonly start?: unknown };
  if (start === undefined || !['task-arithmetic', 'ties', 'dare'].includes(method)) return;
  const message = `\`${method}\` goes by what each run has learned from its start, which these took from elsewhere (\`start\`); take average, fisher or reg-mean`;
  throw new InputError([{ where: shown, message }]);
}

/** Results of runs that had a task to themselves. */
function aloneOf(sources: readonly SourceRun[]): { readonly [task: string]: NetworkResult } {
  return Object.fromEntries(
    sources.flatMap(({ read: { document } }) => {
      const [task, ...others] = document.tasks;
      return task === undefined || others.length > 0 || document.joint?.tasks === undefined
        ? []
        : [[task.name, document.joint]];
    }),
  );
}

const plainNumbers = (numbers: MergeNumbers) =>
  Object.fromEntries(Object.entries(numbers).filter(([, value]) => value !== undefined)) as Record<string, number>;

async function mergedModel(
  run: PreparedRun,
  sources: readonly SourceRun[],
  { method, numbers }: { readonly method: MergeMethod; readonly numbers: MergeNumbers },
  { executor }: RunSurroundings,
): Promise<{ readonly network: Awaited<ReturnType<PreparedRun['joint']>>; readonly model: TrainedModel }> {
  const network = await run.joint();
  const opened: MergedSource[] = [];
  for (const { saved, shown, data } of sources) {
    const trainer = await saved.build(executor);
    try {
      const model = await trainer.model();
      if (model.perTask === true) {
        const message =
          'this is a network for each task (`restoreBest: per-task`), and there is nothing common to merge';
        throw new InputError([{ where: shown, message }]);
      }
      // Of tasks and strategy alone, so that it can be opened again.
      const sharing = (await run.joint()).sharing;
      opened.push({ frozen: { tasks: trainer.tasks, sharing, model, executor }, train: data.train });
    } finally {
      trainer.dispose();
    }
  }
  const { start, stateful } = await startOf(run, executor);
  const holders = (path: string) => opened.filter(({ frozen }) => Object.hasOwn(frozen.model.variables, path));
  const paths = Object.keys(start);
  requireArchitecture(sources, opened, start);
  requireOneRotation(sources, opened);
  const common = paths.filter((path) => holders(path).length === opened.length);
  if (common.length === 0) {
    const message = 'these runs have no variable in common; share something, such as a trunk';
    throw new InputError([{ where: sources[0]?.shown ?? '', message }]);
  }
  const kept = Object.fromEntries(common.map((path) => [path, start[path] as HostTensor]));
  const merged = await mergeCommon(method, opened, common, kept, numbers).catch((error: unknown) => {
    if (PolytaskError.isInstance(error) && error.code === 'POLYTASK_INVALID_OPTION')
      throw new InputError([{ where: `--${error.option ?? 'method'}`, message: error.message }]);
    throw error;
  });
  const variables: Record<string, HostTensor> = {};
  for (const path of paths) {
    const own = holders(path).map(({ frozen }) => frozen.model.variables[path] as HostTensor);
    variables[path] = merged[path] ?? meanOf(own);
  }
  const model: TrainedModel = {
    inputs: (opened[0] as MergedSource).frozen.model.inputs,
    constants: constantsOf(sources, opened),
    variables,
    reached: (opened[0] as MergedSource).frozen.model.reached,
  };
  const frozen: FrozenModel = { tasks: network.tasks, sharing: (await run.joint()).sharing, model, executor };
  if (!stateful) return { network, model };
  const { batchSize } = run.training;
  return { network, model: await reestimateStatistics(frozen, run.data.train, { batchSize }) };
}

/** What a network of all tasks begins with. */
async function startOf(
  run: PreparedRun,
  executor: FrozenModel['executor'],
): Promise<{ readonly start: Weights; readonly stateful: boolean }> {
  const network = await run.joint();
  const inputs = run.data.train.inputs;
  const trainer = await createTrainer({ ...network, executor, inputs, seed: run.config.seed });
  try {
    const { layout } = trainer.parameters as NonNullable<typeof trainer.parameters>;
    const start: Record<string, HostTensor> = {};
    for (const { path } of [...layout.segments, ...layout.stateSegments]) {
      start[path] = (await trainer.parameters?.read(path)) as HostTensor;
    }
    return { start, stateful: layout.stateSize > 0 };
  } finally {
    trainer.dispose();
  }
}

/** The merged network is made of what the runs have, all of it, and of nothing else. */
function requireArchitecture(sources: readonly SourceRun[], opened: readonly MergedSource[], start: Weights): void {
  const refuse = (where: string, message: string) => new InputError([{ where, message }]);
  opened.forEach(({ frozen }, k) => {
    const { shown } = sources[k] as SourceRun;
    for (const [path, { shape }] of Object.entries(frozen.model.variables)) {
      const there = start[path];
      if (there === undefined) throw refuse(shown, `its variable \`${path}\` has no place in a network of all tasks`);
      if (!isDeepStrictEqual([...there.shape], [...shape])) {
        const message = `its variable \`${path}\` is [${shape.join(', ')}], and [${there.shape.join(', ')}] in a network of all tasks`;
        throw refuse(shown, `${message}; only what is the same in both can be merged`);
      }
    }
  });
  const missing = Object.keys(start).find((path) =>
    opened.every(({ frozen }) => !Object.hasOwn(frozen.model.variables, path)),
  );
  if (missing === undefined) return;
  const message =
    `a network of all tasks has \`${missing}\`, which none of these runs has learned: what ties tasks together has to be trained together. ` +
    'Merge runs of a strategy whose tasks share a trunk, such as `hard-sharing`';
  throw refuse(sources[0]?.shown ?? '', message);
}

/** Where a strategy has the rotation of a task. */
const rotation = /(^|\/)rotations\/(?<task>.+)\/matrix$/;

/** No mean of two rotations is one. */
function requireOneRotation(sources: readonly SourceRun[], opened: readonly MergedSource[]): void {
  const seen = new Map<string, { readonly shown: string; readonly data: HostTensor['data'] }>();
  opened.forEach(({ frozen }, k) => {
    const { shown } = sources[k] as SourceRun;
    for (const [path, { data }] of Object.entries(frozen.model.variables)) {
      const task = rotation.exec(path)?.groups?.task;
      if (task === undefined) continue;
      const other = seen.get(path);
      if (other === undefined) seen.set(path, { shown, data });
      else if (!isDeepStrictEqual(other.data, data)) {
        const message =
          `its rotation \`${path}\` of task \`${task}\` is another than that of ${other.shown}, and a mean of rotations is no rotation; ` +
          'merge runs of different tasks, or train with `sharing.rotations: false`';
        throw new InputError([{ where: shown, message }]);
      }
    }
  });
}

/** What tasks learned from their labels; two runs with one task have to have learned the same. */
function constantsOf(
  sources: readonly SourceRun[],
  opened: readonly MergedSource[],
): { readonly [task: string]: TaskConstants } {
  const all: Record<string, TaskConstants> = {};
  opened.forEach(({ frozen }, k) => {
    for (const [task, constants] of Object.entries(frozen.model.constants)) {
      if (Object.hasOwn(all, task) && !isDeepStrictEqual(all[task], constants)) {
        const message = `its task \`${task}\` has learned another mean, deviation or weight of classes from its labels than the same task of another run; train both on the same labels`;
        throw new InputError([{ where: (sources[k] as SourceRun).shown, message }]);
      }
      all[task] = constants;
    }
  });
  return all;
}

/** Of what some of the runs have. */
function meanOf(values: readonly HostTensor[]): HostTensor {
  const [first] = values as readonly [HostTensor];
  const data = Float32Array.from(
    first.data,
    (_, i) => values.reduce((sum, { data }) => sum + (data[i] as number), 0) / values.length,
  );
  return { data, shape: first.shape };
}
