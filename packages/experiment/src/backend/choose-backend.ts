import type { Executor } from '@polytask/core';
import type { Config } from '../config/schema.js';
import type { PreparedRun } from '../parts/prepare-run.js';
import { BackendError } from './backends.js';
import { type Selection, selectBackend } from './select-backend.js';
import { trialStep } from './trial-step.js';

/**
 * The backend that trains a run as its configuration says, tried with one step.
 *
 * @param warn - Told what does not compile.
 * @throws InputError where the configuration names one that cannot.
 */
export async function chooseBackend(run: PreparedRun, warn: (message: string) => void): Promise<Selection> {
  try {
    return await selectForRun(run, run.config, warn);
  } catch (error) {
    throw run.blame(error, error instanceof BackendError ? ['backend'] : undefined);
  }
}

/**
 * A backend for a run, tried with one step.
 *
 * @param compile - Whether `auto` may.
 * @throws BackendError where it cannot be had.
 */
export function selectForRun(
  run: PreparedRun,
  { backend, threads }: Pick<Config, 'backend' | 'threads'>,
  warn: (message: string) => void,
  compile = true,
): Promise<Selection> {
  const trial = (executor: Executor) => trialStep(run, executor);
  return selectBackend(backend, { trial, code: run.source.code, threads, compile, warn });
}
