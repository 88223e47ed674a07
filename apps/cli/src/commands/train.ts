import { resolve } from 'node:path';
import type { Executor } from '@polytask/core';
import { BackendError } from '../backend/backends.js';
import { describeBackend, selectBackend } from '../backend/select-backend.js';
import { trialStep } from '../backend/trial-step.js';
import { type PreparedRun, prepareRun } from '../build/prepare-run.js';
import { type LoadedConfig, loadConfig } from '../config/load-config.js';
import type { SetOption } from '../config/set-option.js';
import { colorsFor, type Io, print } from '../io.js';
import { createProgress, quietProgress } from '../report/progress.js';
import { resultTable } from '../report/table.js';
import { describeData, executeRun } from '../run/execute-run.js';
import { makeFolder, makeNumberedFolder, shownPath, whyNotEmpty } from '../run/output-folder.js';
import { openRunFolder } from '../run/run-folder.js';
import { versionsOf } from '../run/versions.js';

/** Options of `polytask train`, as the command line gives them. */
export interface TrainOptions {
  readonly set?: readonly string[];
  readonly seed?: string;
  readonly json?: boolean;
  readonly output?: string;
  readonly compare?: boolean;
  readonly quiet?: boolean;
}

/**
 * Trains what a configuration file describes, prints the results, and leaves a run folder.
 *
 * @returns Whether the run came to its end, or was stopped.
 */
export async function train(file: string, options: TrainOptions, io: Io): Promise<'done' | 'interrupted'> {
  const began = performance.now();
  const { stdout, stderr, signal, cwd } = io;
  const progress = options.quiet === true ? quietProgress(io) : createProgress(io);
  const loaded = await loadConfig({ file, cwd, set: options.set ?? [], overrides: overridesOf(options) });
  const wanted = await checkOutput(loaded, options, cwd);
  const run = await prepareRun(loaded);
  if (stopped()) return 'interrupted';
  progress.note(describeData(run));
  const { executor, backend } = await chooseBackend(run, progress.warn);
  progress.note(describeBackend(backend));
  if (stopped()) return 'interrupted';

  const path = wanted === undefined ? await makeNumberedFolder(cwd, loaded.name) : await makeFolder(wanted);
  const folder = openRunFolder(path);
  progress.note(`Run folder: ${shownPath(path, cwd)}`);
  const versions = versionsOf(run.config, loaded.folder);
  const document = await executeRun(run, { folder, executor, backend, versions, progress, signal, began });
  if (document.status === 'interrupted') {
    const where = document.joint?.tasks === undefined ? `after step ${document.joint?.steps}` : 'while comparing';
    print(stderr, `Stopped ${where}. Checkpoint: ${shownPath(folder.files.checkpoint, cwd)}`);
  }
  if (options.json === true) print(stdout, JSON.stringify(document, null, 2));
  else if (document.joint?.tasks !== undefined) {
    // On a terminal the table follows right after the progress.
    if (stderr.isTTY === true && stdout.isTTY === true) progress.note('');
    print(stdout, resultTable(document, colorsFor(stdout, io.env)));
  }
  return document.status === 'interrupted' ? 'interrupted' : 'done';

  function stopped(): boolean {
    if (signal.aborted) print(stderr, 'Stopped before training began; nothing was written.');
    return signal.aborted;
  }
}

/**
 * The backend that trains a run, tried with one step.
 *
 * @param warn - Told what does not compile.
 * @throws InputError where the configuration names one that cannot.
 */
export async function chooseBackend(
  run: PreparedRun,
  warn: (message: string) => void,
): ReturnType<typeof selectBackend> {
  const { backend, threads } = run.config;
  const trial = (executor: Executor) => trialStep(run, executor);
  try {
    return await selectBackend(backend, { trial, folder: run.source.folder, threads, warn });
  } catch (error) {
    throw run.blame(error, error instanceof BackendError ? ['backend'] : undefined);
  }
}

/** What options other than `--set` put into the configuration. */
function overridesOf({ seed, compare }: TrainOptions): SetOption[] {
  const overrides: SetOption[] = [];
  if (seed !== undefined) {
    const number = /^\d+$/.test(seed) ? Number(seed) : seed;
    overrides.push({ where: `--seed ${seed}`, path: ['seed'], value: number });
  }
  if (compare !== undefined) {
    const where = compare ? '--compare' : '--no-compare';
    overrides.push({ where, path: ['compare'], value: compare ? 'single-task' : 'none' });
  }
  return overrides;
}

/** The run folder where the user names one; undefined where it is to be numbered. */
async function checkOutput(loaded: LoadedConfig, options: TrainOptions, cwd: string): Promise<string | undefined> {
  const { sections, folder, mistakes } = loaded;
  if (options.output !== undefined) {
    const path = resolve(cwd, options.output);
    const problem = await whyNotEmpty(path);
    if (problem !== undefined) mistakes.addPlaced({ where: `--output ${options.output}`, message: problem });
    return path;
  }
  if (sections.output === undefined) return undefined;
  const path = resolve(folder, sections.output);
  const problem = await whyNotEmpty(path);
  if (problem !== undefined) mistakes.add(['output'], problem);
  return path;
}
