import { resolve } from 'node:path';
import type { SetOption } from '@polytask/experiment';
import {
  chooseBackend,
  describeBackend,
  describeData,
  executeRun,
  loadConfig,
  makeOutput,
  namedOutput,
  neededPlaces,
  prepareRun,
  shownPath,
  versionsOf,
  withRunFolder,
} from '@polytask/experiment';
import { InputError } from '@polytask/experiment/early';
import type { Io } from '../io.js';
import { createProgress, quietProgress } from '../report/progress.js';
import { runToEnd, stoppedEarly } from './run-to-end.js';

/** Options of `polytask train`, as the command line gives them. */
export interface TrainOptions {
  readonly set?: readonly string[];
  readonly seed?: string;
  readonly json?: boolean;
  readonly output?: string;
  readonly compare?: boolean;
  readonly quiet?: boolean;
  readonly plugins?: readonly string[];
}

/**
 * Trains what a configuration file describes, prints the results, and leaves a run folder.
 *
 * @param file - The configuration; there is none only by mistake.
 * @returns Whether the run came to its end, or was stopped.
 */
export async function train(file: string | undefined, options: TrainOptions, io: Io): Promise<'done' | 'interrupted'> {
  if (file === undefined) {
    const message = 'name the YAML file of a run, or go on with one that has begun by `--resume <run folder>`';
    throw new InputError([{ where: 'polytask train', message }]);
  }
  const began = performance.now();
  const { signal, cwd } = io;
  const progress = options.quiet === true ? quietProgress(io) : createProgress(io);
  const loaded = await loadConfig({
    file,
    cwd,
    set: options.set ?? [],
    plugins: options.plugins,
    overrides: overridesOf(options),
  });
  const { output } = options;
  const named = output === undefined ? undefined : { path: resolve(cwd, output), where: `--output ${output}` };
  const wanted = await namedOutput(loaded, named);
  const run = await prepareRun(loaded, io.signal);
  if (stoppedEarly(io)) return 'interrupted';
  progress.note(describeData(run));
  const { executor, backend, current } = await chooseBackend(run, progress.warn);
  progress.note(describeBackend(backend));
  if (stoppedEarly(io)) return 'interrupted';

  const { path, where } = await makeOutput(wanted, cwd, loaded.name);
  return withRunFolder(path, where, (folder) => {
    progress.note(`Run folder: ${shownPath(path, cwd)}`);
    const versions = versionsOf(run.config, loaded.code);
    const surroundings = { folder, executor, backend: current, versions, progress, signal, began };
    const needed = neededPlaces(run.config, loaded.code, cwd);
    return runToEnd(() => executeRun(run, surroundings), folder, { ...options, needed }, io);
  });
}

/** What options other than `--set` put into the configuration. */
export function overridesOf({ seed, compare }: TrainOptions): SetOption[] {
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
