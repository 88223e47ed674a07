import type { MultiTaskDataset } from '../contracts/dataset.js';
import type { AnyTask } from '../contracts/task.js';
import type { LabelOverlays } from '../data/label-overlay.js';
import type { Scores } from '../evaluation/evaluate.js';
import type { EarlyStopping } from './early-stopping.js';
import type { History } from './history.js';

/** What happened in one step. */
export interface StepEvent {
  readonly step: number;
  readonly epoch: number;
  /** Batches of this epoch done, this one included, and in all. */
  readonly batch: number;
  readonly batches: number;
  /** By objective, NaN where it was absent. */
  readonly losses: { readonly [objective: string]: number };
  readonly weights: { readonly [objective: string]: number };
  /** Auxiliary terms, not weighted; see {@link History.auxiliary}. */
  readonly terms: { readonly [term: string]: number };
  /** What parts record of this step; see {@link History.logged}. */
  readonly logged: { readonly [name: string]: number };
}

/** What happened in one epoch. */
export interface EpochEvent<Tasks extends readonly AnyTask[] = readonly AnyTask[]> {
  /** Epochs done, this one included. */
  readonly epoch: number;
  readonly epochs: number;
  readonly history: History<Tasks>;
  /** Scores on the validation data, where there are any. */
  readonly scores: Scores<Tasks> | undefined;
  readonly seconds: number;
}

/** Something that looks at a run, and may change labels between epochs. */
export interface Callback {
  /** After every step. Awaited; a checkpoint taken here goes on with the next step. */
  stepEnd?(event: StepEvent): void | Promise<void>;
  /** Between epochs labels may be overlaid: pseudo-labels, distilled targets, confidence. Awaited. */
  epochEnd?(event: EpochEvent, labels: LabelOverlays): void | Promise<void>;
}

/** Options of `fit`. */
export interface FitOptions<Tasks extends readonly AnyTask[] = readonly AnyTask[]> {
  /**
   * Epochs of the whole run: a run that has done 3 of 10, resumed or not, does 7 more. `Infinity`: until early stopping
   * or the signal ends it.
   */
  readonly epochs: number;
  /** Rows per step, default 32 (as Keras). */
  readonly batchSize?: number | undefined;
  readonly validation?: MultiTaskDataset | undefined;
  /** Rows per evaluation pass, default 1024. */
  readonly evaluationBatchSize?: number | undefined;
  /** Default true: a new order each epoch, from the run's seed. */
  readonly shuffle?: boolean | undefined;
  /**
   * What happens to a last, smaller batch. Default `'keep'`; `'drop'` where it has a single row and a layer normalises over rows
   * (`lastBatchFor`).
   */
  readonly lastBatch?: 'keep' | 'drop' | undefined;
  /**
   * Batches of one step, default 1. They are gone through one after another, and their gradients are added up: what a
   * step does is what it would do with one batch of all their rows, at the memory of one of them. Where layers look at
   * the whole batch (BatchNorm) each sees its own.
   */
  readonly accumulate?: number | undefined;
  readonly earlyStopping?: EarlyStopping | undefined;
  /** Ends the run after the step under way; nothing is lost, `checkpoint` and a later `fit` go on from there. */
  readonly signal?: AbortSignal | undefined;
  readonly onMetrics?: ((event: EpochEvent<Tasks>) => void | Promise<void>) | undefined;
  readonly callbacks?: readonly Callback[] | undefined;
}
