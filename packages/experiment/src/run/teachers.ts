import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import {
  type AnyTask,
  type Executor,
  encodeCheckpoint,
  type FrozenModel,
  type State,
  type TrainedModel,
} from '@polytask/core';
import { loadCheckpoint, readRegularText, writeFileAtomic } from '@polytask/core/node';
import { cached, defaultCache } from '@polytask/data/node';
import type { PreparedRun } from '../parts/prepare-run.js';
import { singleTaskConfig } from '../parts/single-task.js';
import { fingerprintOf } from './data-fingerprint.js';
import type { NetworkResult, SelectedBackend } from './document.js';
import type { RunNetwork } from './networks.js';
import type { Progress } from './progress.js';
import type { NetworkRun } from './train-network.js';

/** What a teacher needs of its run besides the configuration. */
export interface TeacherSurroundings {
  readonly executor: Executor;
  readonly backend: () => Pick<SelectedBackend, 'name'>;
  readonly versions: { readonly [program: string]: string };
  readonly progress: Pick<Progress, 'warn'>;
}

/** A network for one task: what it scored, and itself where its training came to an end. */
export interface FoundTeacher {
  readonly result: NetworkResult;
  readonly teacher: FrozenModel | undefined;
}

/**
 * A network that teaches the joint one: from the cache where the same has been trained before, whatever the run, else trained now.
 *
 * @param train - Trains it, and shows the trainer when that is over.
 */
export async function findTeacher(
  run: PreparedRun,
  network: RunNetwork,
  around: TeacherSurroundings,
  train: (trained: NonNullable<NetworkRun['trained']>) => Promise<NetworkResult>,
): Promise<FoundTeacher> {
  const task = run.tasks.find(({ name }) => name === network.task) as AnyTask;
  const place = await placeOf(run, network, around, task);
  const { result, model } =
    (place && (await readTeacher(join(place.cache, place.key)))) ?? (await trainTeacher(task, train, place, around));
  if (model === undefined) return { result, teacher: undefined };
  const { sharing } = (await run.alone(task)).network;
  return { result, teacher: { tasks: [task], sharing, model, executor: around.executor } };
}

/** Where a teacher is kept. */
interface Place {
  readonly cache: string;
  readonly key: string;
}

async function trainTeacher(
  task: AnyTask,
  train: (trained: NonNullable<NetworkRun['trained']>) => Promise<NetworkResult>,
  place: Place | undefined,
  { progress }: TeacherSurroundings,
): Promise<{ readonly result: NetworkResult; readonly model: TrainedModel | undefined }> {
  let model: TrainedModel | undefined;
  const result = await train(async (trainer) => {
    model = await trainer.model();
  });
  if (result.tasks === undefined || model === undefined) return { result, model: undefined };
  const { variables, ...facts } = model;
  if (place !== undefined) {
    const bytes = await encodeCheckpoint({ state: facts as unknown as State, tensors: variables });
    const write = async (folder: string) => {
      await writeFileAtomic(join(folder, 'model.safetensors'), bytes);
      await writeFileAtomic(join(folder, 'result.json'), JSON.stringify(result));
    };
    await cached(place.cache, place.key, write).catch((error: Error) =>
      progress.warn(`The teacher of task ${task.name} could not be kept for other runs: ${error.message}`),
    );
  }
  return { result, model };
}

/**
 * The place of a teacher by all that makes it what it is: its configuration, its rows, and what computes. None where parts are from files
 * whose contents nobody knows.
 */
async function placeOf(
  run: PreparedRun,
  { seed }: RunNetwork,
  { backend, versions }: TeacherSurroundings,
  task: AnyTask,
): Promise<Place | undefined> {
  const { config, source } = run;
  const { training, data } = await run.alone(task);
  const network = singleTaskConfig(config, run.tasks.indexOf(task));
  const text = JSON.stringify({
    ...{ format: 1, network, training, seed, backend: backend().name, versions },
    train: await fingerprintOf(data.train),
    validation: data.validation === undefined ? null : await fingerprintOf(data.validation),
    test: await fingerprintOf(data.test),
  });
  if (/"[^"]*\.[cm]?[jt]sx?#/.test(text)) return undefined;
  const { cache } = config.data as { readonly cache?: unknown };
  return {
    cache: typeof cache === 'string' ? resolve(source.folder, cache) : defaultCache(),
    key: `teacher-${createHash('sha256').update(text).digest('hex').slice(0, 40)}`,
  };
}

/** A teacher that is kept; undefined where there is none, or it cannot be read. */
async function readTeacher(
  folder: string,
): Promise<{ readonly model: TrainedModel; readonly result: NetworkResult } | undefined> {
  if (!existsSync(folder)) return undefined;
  try {
    const { state, tensors } = await loadCheckpoint(join(folder, 'model.safetensors'));
    const result = JSON.parse(await readRegularText(join(folder, 'result.json'))) as NetworkResult;
    return { model: { ...(state as unknown as Omit<TrainedModel, 'variables'>), variables: tensors }, result };
  } catch {
    return undefined;
  }
}
