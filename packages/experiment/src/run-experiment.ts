import { resolve } from 'node:path';
import { chooseBackend } from './backend/choose-backend.js';
import { codePlaces } from './code/code-places.js';
import { checkConfig, type LoadedConfig, loadConfig } from './config/load-config.js';
import { readYaml } from './config/read-yaml.js';
import { InputError } from './errors/mistakes.js';
import { type PreparedRun, prepareRun } from './parts/prepare-run.js';
import type { RunDocument } from './run/document.js';
import { executeFolds } from './run/execute-folds.js';
import { executeRun } from './run/execute-run.js';
import { makeOutput, namedOutput } from './run/output-folder.js';
import { foldsOf } from './run/over-folds.js';
import { noProgress, type Progress } from './run/progress.js';
import { versionsOf } from './run/versions.js';
import { withRunFolder } from './run/with-run-folder.js';

/** How {@link runExperiment} runs. */
export interface ExperimentOptions {
  /** Where relative paths start and packages of parts are looked for. Default: the working folder. */
  readonly folder?: string;
  /** Run folder, new or empty. Default: what the configuration says, else `runs/<name>-<n>`. */
  readonly output?: string;
  /** Takes what the run reports while it trains. Default: nobody. */
  readonly progress?: Progress;
  /** Stops the run after the step under way; its results are then missing, and its status is `interrupted`. */
  readonly signal?: AbortSignal;
}

/**
 * Runs an experiment: checks the configuration, loads the data, trains, measures, compares where that is asked for, and leaves a
 * run folder, as `polytask train` does.
 *
 * @param config The name of a run file, or what would stand in one.
 * @returns What `run.json` of the run folder says in the end.
 * @throws InputError with every mistake in the configuration, each with its place, before anything is written.
 * @example
 * ```ts no-run reads a file
 * import { runExperiment } from '@polytask/experiment';
 *
 * const { joint, folder } = await runExperiment({
 *   data: { use: 'table', source: 'flights.csv' },
 *   tasks: [
 *     { name: 'delay', type: 'regression' },
 *     { name: 'late', type: 'binary' },
 *   ],
 *   sharing: { use: 'hard-sharing', encoder: { use: 'tabular', units: [64, 32] } },
 * });
 * console.log(folder, joint?.tasks);
 * ```
 */
export async function runExperiment(
  config: string | Readonly<Record<string, unknown>>,
  options: ExperimentOptions = {},
): Promise<RunDocument> {
  const { progress = noProgress, signal = new AbortController().signal } = options;
  const began = performance.now();
  const cwd = resolve(options.folder ?? '.');
  const load = async (set: readonly string[] = []) =>
    typeof config === 'string' ? loadConfig({ file: config, cwd, set }) : inMemory(config, cwd, set);
  const loaded = await load();
  const named = options.output === undefined ? undefined : { path: resolve(cwd, options.output), where: 'output' };
  const wanted = await namedOutput(loaded, named);
  const run = await prepareRun(loaded, signal);
  const { executor, current } = await chooseBackend(run, progress.warn);
  const output = await makeOutput(wanted, cwd, loaded.name);
  const folds = foldsOf(loaded);
  if (folds !== undefined) {
    const around = async (one: PreparedRun) => {
      const chosen = one === run ? { executor, current } : await chooseBackend(one, progress.warn);
      const versions = versionsOf(one.config, loaded.code);
      return { executor: chosen.executor, backend: chosen.current, versions, progress, signal };
    };
    const request = { folds, first: run, around, signal, load: (fold: number) => load([`split.fold=${fold}`]) };
    return withRunFolder(output.path, output.where, (folder) => executeFolds(folder, request));
  }
  return withRunFolder(output.path, output.where, (folder) => {
    const versions = versionsOf(run.config, loaded.code);
    return executeRun(run, { folder, executor, backend: current, versions, progress, signal, began });
  });
}

/** A configuration that is in no file; mistakes have their places in its JSON. */
export function inMemory(
  config: Readonly<Record<string, unknown>>,
  cwd: string,
  set: readonly string[] = [],
): LoadedConfig {
  const file = 'experiment';
  const yaml = readYaml(JSON.stringify(config, null, 2), file);
  if (!yaml.readable) throw new InputError(yaml.mistakes);
  const path = resolve(cwd, file);
  return checkConfig({ file, path, code: codePlaces({ cwd }), yaml, raw: yaml.value as Record<string, unknown>, set });
}
