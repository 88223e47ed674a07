import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Executor } from '@polytask/core';
import {
  chooseBackend,
  describeData,
  executeFolds,
  type LoadedConfig,
  neededPlaces,
  type PreparedRun,
  type Progress,
  type RunDocument,
  type RunFolder,
  readDocument,
  type SelectedBackend,
  versionsOf,
} from '@polytask/experiment';
import type { Io } from '../io.js';
import { type EndOptions, runToEnd } from './run-to-end.js';

/** What it takes to train the folds of a configuration. */
export interface FoldsOfRun {
  readonly folds: number;
  readonly first: PreparedRun;
  readonly load: (fold: number) => Promise<LoadedConfig>;
  /** What computes the first fold. */
  readonly chosen: { readonly executor: Executor; readonly current: () => SelectedBackend };
  readonly progress: Progress;
  /** Goes on with the run of a fold that had been stopped. */
  readonly resume?: (path: string) => Promise<unknown>;
}

/** Trains one network for each fold, each in a folder of its own within the run folder, and prints means and spreads. */
export function trainFolds(
  folder: RunFolder,
  { folds, first, load, chosen, progress, resume }: FoldsOfRun,
  options: EndOptions,
  io: Io,
): Promise<'done' | 'interrupted'> {
  const { signal, cwd } = io;
  const around = async (run: PreparedRun) => {
    const { executor, current } = run === first ? chosen : await chooseBackend(run, progress.warn);
    if (run !== first) progress.note(describeData(run));
    return { executor, backend: current, versions: versionsOf(run.config, run.source.code), progress, signal };
  };
  const known = async (_: number, path: string): Promise<RunDocument | undefined> => {
    if (!existsSync(join(path, 'run.json'))) return undefined;
    const { document } = await readDocument(path, path);
    if (document.status === 'done' || resume === undefined) return document;
    await resume(path);
    return (await readDocument(path, path)).document;
  };
  const begin = (fold: number) => progress.note(`Fold ${fold} of ${folds}`);
  const request = { folds, load, first, around, signal, begin, known };
  const needed = neededPlaces(first.config, first.source.code, cwd);
  return runToEnd(() => executeFolds(folder, request), folder, { ...options, needed }, io);
}
