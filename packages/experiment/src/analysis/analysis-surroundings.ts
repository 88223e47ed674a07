import type { Executor } from '@polytask/core';
import type { SelectedBackend } from '../run/document.js';
import type { Progress } from '../run/progress.js';
import type { JointKind } from './joint-runs.js';

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
  /** Which sets of tasks are trained besides. Default: none. */
  readonly joint?: readonly JointKind[];
}

/** Runs a stage of an analysis where there is time; undefined where there is none. */
export type RunStage = <Result>(name: string, work: () => Promise<Result> | Result) => Promise<Result | undefined>;

/** What all trainings of an analysis have in common: they keep nothing but what is measured. */
export function networkRun({ executor, backend, signal, progress }: AnalysisSurroundings, seed: number) {
  const nothing = async () => {};
  return { executor, backend: () => backend().name, seed, signal, progress, epochEnd: nothing, save: nothing };
}
