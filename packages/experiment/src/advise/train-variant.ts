import { makeFolder } from '@polytask/core/node';
import { chooseBackend } from '../backend/choose-backend.js';
import { loadConfig } from '../config/load-config.js';
import type { SetOption } from '../config/set-option.js';
import { InputError } from '../errors/mistakes.js';
import { type PreparedRun, prepareRun } from '../parts/prepare-run.js';
import type { MetricsLine, RunDocument } from '../run/document.js';
import { executeRun } from '../run/execute-run.js';
import { noProgress, type Progress } from '../run/progress.js';
import { readMetrics } from '../run/read-document.js';
import { versionsOf } from '../run/versions.js';
import { withRunFolder } from '../run/with-run-folder.js';

/** A run file with changes, and where its run goes. */
export interface VariantRequest {
  readonly file: string;
  readonly cwd: string;
  readonly plugins?: readonly string[] | undefined;
  readonly changes: readonly SetOption[];
  /** Run folder, from the root of the disk; new or empty. */
  readonly output: string;
  readonly progress?: Progress;
  /** Stops all, reading data too; its reason is thrown then. */
  readonly signal: AbortSignal;
  /** Stops training: what it has so far is the result. */
  readonly until: AbortSignal;
}

/**
 * Trains a run file with changes in it.
 *
 * @throws InputError where the changes do not fit.
 */
export async function trainVariant(
  request: VariantRequest,
): Promise<{ readonly run: PreparedRun; readonly document: RunDocument; readonly lines: readonly MetricsLine[] }> {
  const { file, cwd, plugins, changes, output, progress = noProgress, signal, until } = request;
  const began = performance.now();
  const loaded = await loadConfig({ file, cwd, plugins, overrides: changes });
  const run = await prepareRun(loaded, signal);
  const { executor, current } = await chooseBackend(run, progress.warn);
  await makeFolder(output);
  const document = await withRunFolder(output, output, (folder) => {
    const versions = versionsOf(run.config, loaded.code);
    return executeRun(run, { folder, executor, backend: current, versions, progress, signal: until, began });
  });
  const lines = await readMetrics(output).catch((error: unknown) => {
    if (error instanceof InputError) return [];
    throw error;
  });
  return { run, document, lines };
}
