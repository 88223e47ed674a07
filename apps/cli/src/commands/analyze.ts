import { resolve } from 'node:path';
import {
  analysisName,
  chooseBackend,
  describeBackend,
  describeData,
  executeAnalysis,
  loadConfig,
  makeOutput,
  namedOutput,
  prepareRun,
  requireJoint,
  shownPath,
  versionsOf,
} from '@polytask/experiment';
import { colorsFor, type Io, print, printJson } from '../io.js';
import { analysisText } from '../report/analysis-text.js';
import { createProgress, quietProgress } from '../report/progress.js';
import { parseBudget } from './budget.js';
import { overridesOf, type TrainOptions } from './train.js';

/** Options of `polytask analyze`, as the command line gives them. */
export interface AnalyzeOptions extends Pick<TrainOptions, 'set' | 'seed' | 'json' | 'output' | 'quiet' | 'plugins'> {
  readonly budget?: string;
  readonly joint?: string;
}

/**
 * Measures how the tasks of a configuration file are related, prints what was found, and leaves `analysis.json` in a folder.
 *
 * @returns Whether it came to its end, or was stopped.
 */
export async function analyze(file: string, options: AnalyzeOptions, io: Io): Promise<'done' | 'interrupted'> {
  const began = performance.now();
  const { signal, cwd } = io;
  const budgetSeconds = options.budget === undefined ? undefined : parseBudget(options.budget);
  const progress = options.quiet === true ? quietProgress(io) : createProgress(io);
  const { set = [], plugins, output } = options;
  const loaded = await loadConfig({ file, cwd, set, plugins, overrides: overridesOf(options) });
  const named = output === undefined ? undefined : { path: resolve(cwd, output), where: `--output ${output}` };
  // `output` of the file is for the run, not for what is said of it.
  const wanted = named && (await namedOutput(loaded, named));
  const run = await prepareRun(loaded, signal);
  const joint = (options.joint ?? '').split(',').flatMap((kind) => kind.trim() || []);
  requireJoint(joint, run.tasks, `--joint ${options.joint}`);
  progress.note(describeData(run));
  const { executor, backend, current } = await chooseBackend(run, progress.warn);
  progress.note(describeBackend(backend));
  const { path } = await makeOutput(wanted, cwd, analysisName(loaded.name));
  const document = await executeAnalysis(run, {
    folder: path,
    executor,
    backend: current,
    versions: versionsOf(run.config, loaded.code),
    progress,
    signal,
    began,
    budgetSeconds,
    joint,
  });
  if (options.json === true) printJson(io.stdout, document);
  else {
    print(io.stdout, analysisText(document, colorsFor(io.stdout, io.env)));
    print(io.stdout, `Analysis: ${shownPath(path, cwd)}`);
  }
  return document.status;
}
