import { resolve } from 'node:path';
import { chooseBackend } from '../backend/choose-backend.js';
import { loadConfig } from '../config/load-config.js';
import { prepareRun } from '../parts/prepare-run.js';
import { makeOutput, namedOutput } from '../run/output-folder.js';
import { noProgress } from '../run/progress.js';
import { versionsOf } from '../run/versions.js';
import { type ExperimentOptions, inMemory } from '../run-experiment.js';
import type { AnalysisDocument } from './analysis-document.js';
import { executeAnalysis } from './execute-analysis.js';
import type { JointKind } from './joint-runs.js';
import { requireJoint } from './train-sets.js';

/** How {@link analyzeRun} works. */
export interface AnalysisOptions extends ExperimentOptions {
  /** After this many seconds nothing new is begun. Default: everything is done. */
  readonly budgetSeconds?: number;
  /** Trains every pair of tasks, or all tasks but each one, with as many seeds as `repeat` says. Default: neither. */
  readonly joint?: readonly JointKind[];
}

/**
 * Analyses how the tasks of an experiment are related, as `polytask analyze` does: what their labels say, what their gradients do to
 * each other while they are trained together, what single-task networks have in common and hold for other tasks, where errors fall, and
 * which groups follow.
 *
 * @param config The name of a run file, or what would stand in one.
 * @returns What `analysis.json` of the output folder says.
 * @throws InputError with every mistake in the configuration, each with its place, before anything is written.
 * @example
 * ```ts no-run reads a file
 * import { analyzeRun } from '@polytask/experiment';
 *
 * const { grouping, observed } = await analyzeRun('flights.yaml', { budgetSeconds: 120 });
 * console.log(observed?.affinity, grouping?.byBudget);
 * ```
 */
export async function analyzeRun(
  config: string | Readonly<Record<string, unknown>>,
  options: AnalysisOptions = {},
): Promise<AnalysisDocument> {
  const { progress = noProgress, signal = new AbortController().signal, budgetSeconds, joint = [] } = options;
  const began = performance.now();
  const cwd = resolve(options.folder ?? '.');
  const loaded = typeof config === 'string' ? await loadConfig({ file: config, cwd }) : inMemory(config, cwd);
  const wanted =
    options.output === undefined
      ? undefined
      : await namedOutput(loaded, { path: resolve(cwd, options.output), where: 'output' });
  const run = await prepareRun(loaded, signal);
  requireJoint(joint, run.tasks, 'joint');
  const { executor, current } = await chooseBackend(run, progress.warn);
  const { path } = await makeOutput(wanted, cwd, analysisName(loaded.name));
  const versions = versionsOf(run.config, loaded.code);
  const around = { folder: path, executor, backend: current, versions, progress, signal, began, budgetSeconds, joint };
  return executeAnalysis(run, around);
}

/** What the folder of an analysis is called, with a number behind it. */
export function analysisName(run: string): string {
  return `${run}-analysis`;
}
