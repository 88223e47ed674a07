import { resolve } from 'node:path';
import type { ConfigRequest, LoadedConfig, PreparedRun, ReadDocument, SetOption } from '@polytask/experiment';
import {
  begunConfig,
  chooseBackend,
  compareData,
  describeBackend,
  describeData,
  executeRun,
  findContinuePoint,
  foldsOf,
  loadConfig,
  makeOutput,
  namedOutput,
  neededPlaces,
  prepareRun,
  readDocument,
  shownPath,
  versionsOf,
  withRunFolder,
} from '@polytask/experiment';
import { codePlaces, InputError } from '@polytask/experiment/early';
import type { Io } from '../io.js';
import { createProgress, quietProgress } from '../report/progress.js';
import { runToEnd, stoppedEarly } from './run-to-end.js';
import { trainFolds } from './train-folds.js';

/** Options of `polytask train`, as the command line gives them. */
export interface TrainOptions {
  readonly set?: readonly string[];
  readonly seed?: string;
  readonly json?: boolean;
  readonly output?: string;
  readonly compare?: boolean;
  readonly quiet?: boolean;
  readonly plugins?: readonly string[];
  /** The folder of a run to go on with in a new one. */
  readonly continue?: string;
}

/**
 * Trains what a configuration file describes, prints the results, and leaves a run folder.
 *
 * @param file - The configuration; there is none only by mistake.
 * @returns Whether the run came to its end, or was stopped.
 */
export async function train(file: string | undefined, options: TrainOptions, io: Io): Promise<'done' | 'interrupted'> {
  if (file === undefined && options.continue === undefined) {
    const message =
      'name the YAML file of a run, or go on with one that has begun by `--resume <run folder>`, or with its training in a new one by `--continue <run folder>`';
    throw new InputError([{ where: 'polytask train', message }]);
  }
  const began = performance.now();
  const { signal, cwd } = io;
  const progress = options.quiet === true ? quietProgress(io) : createProgress(io);
  const before =
    options.continue === undefined ? undefined : await readDocument(resolve(cwd, options.continue), options.continue);
  const changes = { set: options.set ?? [], overrides: overridesOf(options) };
  const named = { cwd, plugins: options.plugins };
  const load = async (set: readonly string[] = []) => {
    const all = { ...changes, set: [...changes.set, ...set] };
    return file !== undefined
      ? loadConfig({ file, ...named, ...all })
      : configOf(before as ReadDocument, codePlaces({ ...named, runFolder: options.continue }), all);
  };
  const loaded = await load();
  const { output } = options;
  const folderNamed = output === undefined ? undefined : { path: resolve(cwd, output), where: `--output ${output}` };
  const wanted = await namedOutput(loaded, folderNamed);
  const run = await prepareRun(loaded, io.signal);
  if (stoppedEarly(io)) return 'interrupted';
  progress.note(describeData(run));
  const begun = before === undefined ? undefined : await continued(run, before, options.continue ?? '', cwd);
  if (begun !== undefined)
    progress.note(
      `Going on with ${options.continue} from ${begun.continued.from}, after ${begun.continued.epochs} epochs`,
    );
  const { executor, backend, current } = await chooseBackend(run, progress.warn);
  progress.note(describeBackend(backend));
  for (const note of run.notes) progress.note(`Note: ${note}`);
  if (stoppedEarly(io)) return 'interrupted';

  const { path, where } = await makeOutput(wanted, cwd, loaded.name);
  const folds = foldsOf(loaded);
  if (folds !== undefined) {
    if (begun !== undefined)
      throw new InputError([
        { where: `--continue ${options.continue}`, message: 'folds are trained from the beginning; leave them out' },
      ]);
    const loadFold = (fold: number) => load([`split.fold=${fold}`]);
    const request = { folds, first: run, load: loadFold, chosen: { executor, current }, progress };
    return withRunFolder(path, where, (folder) => trainFolds(folder, request, options, io));
  }
  return withRunFolder(path, where, (folder) => {
    progress.note(`Run folder: ${shownPath(path, cwd)}`);
    const versions = versionsOf(run.config, loaded.code);
    const surroundings = { folder, executor, backend: current, versions, progress, signal, began };
    const needed = neededPlaces(run.config, loaded.code, cwd);
    return runToEnd(() => executeRun(run, surroundings, begun), folder, { ...options, needed }, io);
  });
}

/** The configuration of a run that has begun, for a new one; it gets a folder of its own. */
function configOf(
  { document, ...read }: ReadDocument,
  code: ReturnType<typeof codePlaces>,
  changes: Pick<ConfigRequest, 'set' | 'overrides'>,
): LoadedConfig {
  const { output: _, ...given } = document.given;
  return begunConfig({ ...read, document: { ...document, given } }, code, changes);
}

/** Where the training of another run goes on; the rows have to be the same. */
async function continued(run: PreparedRun, { document }: ReadDocument, shown: string, cwd: string) {
  await compareData(run.data, document, `--continue ${shown}`);
  const path = resolve(cwd, shown);
  const { checkpoint, from, epochs } = await findContinuePoint(run, path, shown);
  return { checkpoint, continued: { folder: path, from, epochs } };
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
