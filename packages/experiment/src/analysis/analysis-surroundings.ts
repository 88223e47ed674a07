import type { Executor } from '@polytask/core';
import type { SelectedBackend } from '../run/document.js';
import type { Progress } from '../run/progress.js';

/** What an analysis needs besides its configuration. */
export interface AnalysisSurroundings {
  /** Where `analysis.json` goes, and what follows from it. */
  readonly folder: string;
  readonly executor: Executor;
  readonly backend: () => SelectedBackend;
  readonly versions: { readonly [program: string]: string };
  readonly progress: Progress;
  readonly signal: AbortSignal;
  /** When the program began, by `performance.now()`. */
  readonly began: number;
  /** After this many seconds nothing new is begun. Default: everything is done. */
  readonly budgetSeconds?: number | undefined;
}

/** Runs a stage of an analysis where there is time; undefined where there is none. */
export type RunStage = <Result>(name: string, work: () => Promise<Result> | Result) => Promise<Result | undefined>;
