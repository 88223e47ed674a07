import { join, relative } from 'node:path';
import { type Checkpoint, createTrainer, PolytaskError } from '@polytask/core';
import type { LoadedConfig } from '../config/load-config.js';
import { isMapping, type Path, showValue } from '../config/paths.js';
import { InputError } from '../errors/mistakes.js';
import type { RunData } from '../parts/load-data.js';
import type { PreparedRun } from '../parts/prepare-run.js';
import { newestIntact } from './checkpoint-files.js';
import type { MetricsLine, RunDocument } from './document.js';
import { fingerprintsOf } from './execute-run.js';
import { networksOf, type RunNetwork, resultOf } from './networks.js';
import type { NetworkName, RunFolder } from './run-folder.js';

/** Where a run goes on. Finding it changes nothing in the folder. */
export interface ResumePoint {
  /** The first network without results. */
  readonly network: NetworkName;
  /** Undefined where it has none yet and begins anew. */
  readonly checkpoint?: Checkpoint;
  /** Its file, seen from the run folder. */
  readonly from: string | null;
  /** What cannot be read, or is newer than what can; to be put aside. */
  readonly unusable: readonly string[];
  /** For the user: what was found, and what is done about it. */
  readonly notes: readonly string[];
  /** Lines of `metrics.jsonl` that this run will not write again. */
  isKept(line: MetricsLine): boolean;
}

/**
 * Finds the newest checkpoint that can be used. A damaged one is passed over for the one before: training is repeatable, so the
 * numbers are the same, and a run that starts itself again after a crash needs nobody to decide it.
 *
 * @param shown - The folder as the user wrote it, for messages.
 * @throws InputError where checkpoints are there and none can be used, or one belongs to another run.
 */
export async function findResumePoint(
  run: PreparedRun,
  document: RunDocument,
  folder: RunFolder,
  shown: string,
): Promise<ResumePoint> {
  const networks = networksOf(run);
  const goal = networks.find((one) => resultOf(document, one)?.tasks === undefined) ?? (networks[0] as RunNetwork);
  const { name: network } = goal;
  const home = folder.checkpoints(network);
  const show = (path: string) => join(shown, relative(folder.path, path));
  const { newest, damaged } = await newestIntact(home);
  if (newest === undefined && damaged.length > 0) {
    const mistakes = damaged.map(({ file, reason }) => ({ where: show(file.path), message: reason }));
    const advice =
      'no checkpoint of this network can be read; delete this folder to train the network from its beginning';
    throw new InputError([...mistakes, { where: show(home), message: advice }]);
  }
  if (newest !== undefined) await tryCheckpoint(run, goal, newest.checkpoint, show(newest.file.path));
  const notes = damaged.map(({ file, reason }) => {
    const used = newest === undefined ? 'nothing' : show(newest.file.path);
    return `${show(file.path)} cannot be used: ${reason} Going on from the one before it, ${used}.`;
  });
  const epochs = (newest?.checkpoint.state.epoch as number | undefined) ?? 0;
  return {
    network,
    ...(newest === undefined ? {} : { checkpoint: newest.checkpoint }),
    from: newest === undefined ? null : relative(folder.path, newest.file.path),
    unusable: damaged.map(({ file }) => file.path),
    notes,
    isKept(line) {
      const seed = line.seed ?? run.config.seed;
      const whose = networks.find((one) => one.seed === seed && one.task === line.task);
      if (whose === undefined || (whose.task === undefined) !== (line.network === 'joint')) return false;
      return whose === goal ? line.epoch <= epochs : resultOf(document, whose)?.tasks !== undefined;
    },
  };
}

/** Brings a folder to where a point is: what came after it goes. */
export async function goBackTo(point: ResumePoint, folder: RunFolder): Promise<void> {
  await folder.removeLeftovers();
  for (const path of point.unusable) await folder.setAside(path);
  await folder.keepMetrics(point.isKept);
}

/** Mistakes where a configuration is not the one that a run began with. */
export function compareConfigs(loaded: LoadedConfig, begun: Readonly<Record<string, unknown>>, runFile: string): void {
  const differ = (path: Path, ours: unknown, theirs: unknown): void => {
    if (isMapping(ours) && isMapping(theirs)) {
      for (const key of Object.keys({ ...ours, ...theirs })) differ([...path, key], ours[key], theirs[key]);
    } else if (Array.isArray(ours) && Array.isArray(theirs) && ours.length === theirs.length) {
      ours.forEach((item, i) => {
        differ([...path, i], item, theirs[i]);
      });
    } else if (JSON.stringify(ours) !== JSON.stringify(theirs)) {
      const found = `found ${showValue(ours)}, but the run began with ${showValue(theirs)} (${runFile})`;
      loaded.mistakes.add(path, `${found}; a run goes on as it began, so change it back or begin a new run`);
    }
  };
  const { output: _, ...ours } = loaded.sections as Record<string, unknown>;
  const { output: __, ...theirs } = begun;
  differ([], ours, theirs);
}

/** @throws InputError where the rows are not those that the run began with. */
export async function compareData(data: RunData, document: RunDocument, where: string): Promise<void> {
  const found = (await fingerprintsOf(data)) as Readonly<Record<string, string>>;
  const begun = document.fingerprints as Readonly<Record<string, string>>;
  const changed = Object.keys({ ...found, ...begun }).filter((part) => found[part] !== begun[part]);
  if (changed.length === 0) return;
  const parts = changed.map((part) => `${part}: ${found[part] ?? 'no rows'} now, ${begun[part] ?? 'no rows'} then`);
  const message = `the data have changed since the run began (${parts.join('; ')}); bring them back, or begin a new run`;
  throw new InputError([{ where, message }]);
}

/** Puts a checkpoint into a trainer that is thrown away. */
async function tryCheckpoint(
  run: PreparedRun,
  { task: name, seed }: RunNetwork,
  checkpoint: Checkpoint,
  where: string,
): Promise<void> {
  const task = run.tasks.find((one) => one.name === name);
  const network = task === undefined ? await run.joint() : (await run.alone(task)).network;
  const trainer = await createTrainer({ ...network, seed, inputs: run.data.train.inputs });
  try {
    await trainer.restore(checkpoint);
  } catch (error) {
    if (!PolytaskError.isInstance(error)) throw error;
    throw new InputError([{ where, message: error.message }]);
  } finally {
    trainer.dispose();
  }
}
