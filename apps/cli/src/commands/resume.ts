import { resolve } from 'node:path';
import { Writable } from 'node:stream';
import type { Config, RunDocument } from '@polytask/experiment';
import {
  BackendError,
  backendOf,
  begunConfig,
  chooseBackend,
  compareConfigs,
  compareData,
  describeBackend,
  describeData,
  executeRun,
  findResumePoint,
  foldsOf,
  goBackTo,
  type LoadedConfig,
  linksIn,
  loadConfig,
  lockOrRefuse,
  neededPlaces,
  openRunFolder,
  type PreparedRun,
  prepareRun,
  type ReadDocument,
  type ResumePoint,
  type RunSurroundings,
  readDocument,
  selectForRun,
  versionsOf,
} from '@polytask/experiment';
import { codePlaces, InputError } from '@polytask/experiment/early';
import type { Io } from '../io.js';
import { createProgress, quietProgress } from '../report/progress.js';
import { printResults, runToEnd, stoppedEarly } from './run-to-end.js';
import { overridesOf, type TrainOptions } from './train.js';
import { trainFolds } from './train-folds.js';

/**
 * Goes on with a run where it stopped, to the same numbers as if it had not. Nothing in the folder changes before all has been found
 * to fit: configuration, data, checkpoint. A run that is done is printed again.
 *
 * @param file - The configuration, if the user wants it compared with the one that the run began with.
 */
export async function resume(
  file: string | undefined,
  options: TrainOptions & { readonly resume: string },
  io: Io,
): Promise<'done' | 'interrupted'> {
  const began = performance.now();
  const { signal, cwd } = io;
  const shown = options.resume;
  const where = `--resume ${shown}`;
  const progress = options.quiet === true ? quietProgress(io) : createProgress(io);
  if (options.output !== undefined) {
    const message = 'a run goes on in its own folder; leave `--output` out';
    throw new InputError([{ where: `--output ${options.output}`, message }]);
  }
  const path = resolve(cwd, shown);
  const printAgain = ({ mistakes: { mistakes } }: LoadedConfig, { document }: ReadDocument) => {
    if (mistakes.length > 0) throw new InputError(mistakes);
    progress.note(`This run is done; its results are in ${shown}.`);
    printResults(document, options, io);
    return 'done' as const;
  };
  const before = await readDocument(path, shown);
  // Nothing of it changes any more, so it needs no lock, and may lie where nobody can write.
  if (before.document.status === 'done') return printAgain(await configOf(file, before, options, cwd), before);
  const lock = await lockOrRefuse(path, where);
  try {
    // Again, now that nobody else writes to it.
    const read = await readDocument(path, shown);
    const { document } = read;
    const loaded = await configOf(file, read, options, cwd);
    if (document.status === 'done') return printAgain(loaded, read);
    const links = await linksIn(path, shown);
    if (links.length > 0) throw new InputError([...loaded.mistakes.mistakes, ...links]);
    const run = await prepareRun(loaded, io.signal);
    if (stoppedEarly(io)) return 'interrupted';
    progress.note(describeData(run));
    const folds = foldsOf(loaded);
    if (folds !== undefined) {
      const changes = (fold: number) => ({ ...options, set: [...(options.set ?? []), `split.fold=${fold}`] });
      const chosen = await chooseBackend(run, progress.warn);
      const request = {
        ...{ folds, first: run, chosen, progress },
        load: (fold: number) => configOf(undefined, read, changes(fold), cwd, false),
        resume: (inner: string) => resume(undefined, { ...options, resume: inner, quiet: true }, silent(io)),
      };
      return await trainFolds(openRunFolder(path), request, options, io);
    }
    await compareData(run.data, document, where);
    const folder = openRunFolder(path);
    const point = await findResumePoint(run, document, folder, shown);
    const { executor, backend } = await sameBackend(run, document, point, where, progress.warn);
    progress.note(describeBackend(backend()));
    if (stoppedEarly(io)) return 'interrupted';

    if (lock.replaced !== undefined) {
      const { pid, started } = lock.replaced;
      progress.note(`Took the lock over from process ${pid}, which began ${started} and is gone.`);
    }
    for (const note of point.notes) progress.note(note);
    const versions = versionsOf(run.config, loaded.code);
    const changed = Object.entries(versions).filter(([name, version]) => document.versions[name] !== version);
    for (const [name, version] of changed) {
      progress.note(
        `This run began with ${name} ${document.versions[name] ?? '(none)'} and goes on with ${version}; its numbers may differ.`,
      );
    }
    await goBackTo(point, folder);
    const from = point.from === null ? 'the beginning, as it has no checkpoint yet' : point.from;
    progress.note(`Going on with ${shown} from ${from}`);
    const { error: _, finished: __, ...before } = document;
    const resumption = {
      at: new Date().toISOString(),
      from: point.from,
      ...(changed.length === 0 ? {} : { versions: Object.fromEntries(changed) }),
    };
    const begun = {
      document: {
        ...before,
        status: 'running',
        folder: path,
        resumed: [...(document.resumed ?? []), resumption],
      } as const,
      checkpoint: point.checkpoint,
    };
    const surroundings = { folder, executor, backend, versions, progress, signal, began };
    const needed = neededPlaces(run.config, loaded.code, cwd);
    return await runToEnd(() => executeRun(run, surroundings, begun), folder, { ...options, needed }, io);
  } finally {
    await lock.release();
  }
}

/**
 * What computed when the checkpoint was made, and not what `auto` would take today.
 *
 * @throws InputError where that cannot be had here.
 */
async function sameBackend(
  run: PreparedRun,
  { backend: told }: RunDocument,
  { network, checkpoint }: ResumePoint,
  where: string,
  warn: (message: string) => void,
): Promise<Pick<RunSurroundings, 'executor' | 'backend'>> {
  const { threads = run.config.threads, wanted } = told;
  const atFirst = network === 'joint' && checkpoint === undefined ? told.before : undefined;
  const name = backendOf(checkpoint) ?? atFirst ?? told.name;
  // Where `auto` took wasm, it leaves it at the same program again.
  const again = wanted === 'auto' && name === 'wasm';
  const refuse = (reason: string, cause?: unknown) =>
    new InputError(
      [
        {
          where,
          message:
            `the run was computed by \`${name}\` so far, and others round otherwise; that cannot be had here: ${reason.replace(/\.$/, '')}. ` +
            'Provide it (`polytask doctor` looks closer), or begin a new run',
        },
      ],
      { cause },
    );
  const asked = { backend: (again ? 'auto' : name) as Config['backend'], threads };
  const selected = await selectForRun(run, asked, warn, !again).catch((error: unknown) => {
    if (!(error instanceof BackendError)) throw run.blame(error);
    throw refuse(error.cause instanceof Error ? error.cause.message : error.message, error);
  });
  if (selected.backend.name !== name) throw refuse(selected.backend.reason ?? 'it does not start');
  const backend = () => {
    const now = selected.current();
    return now.name === told.name ? told : { ...now, wanted };
  };
  return { executor: selected.executor, backend };
}

/** The same surroundings, where nothing is printed: of a run within a run. */
const silent = (io: Io): Io => ({ ...io, stdout: new Writable({ write: (_, __, done) => done() }) });

/** The configuration that the run began with; or the user's, with every difference from it as a mistake. */
async function configOf(
  file: string | undefined,
  read: ReadDocument,
  options: TrainOptions & { readonly resume: string },
  cwd: string,
  same = true,
): Promise<LoadedConfig> {
  const changes = { set: options.set ?? [], overrides: overridesOf(options) };
  const named = { cwd, runFolder: options.resume, plugins: options.plugins };
  const code = codePlaces({ ...named, runFile: file });
  const before = begunConfig(read, code);
  if (before.mistakes.mistakes.length > 0) return before;
  const now = file === undefined ? begunConfig(read, code, changes) : await loadConfig({ file, ...named, ...changes });
  if (same) compareConfigs(now, before.sections as Record<string, unknown>, read.file);
  return now;
}
