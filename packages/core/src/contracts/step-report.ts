import type { LoggedNumbers } from './tensors.js';

/** What happened in a step, as plans report it and observers read it. */
export interface StepReport {
  /** Losses of the step's batch at the start of the step `[K]`; NaN for tasks that were absent. */
  readonly losses: Float64Array;
  /** Effective weight of every task `[K]`; 0 for tasks that were absent. */
  readonly weights: ArrayLike<number>;
  /** Gramian `[K, K]` of the tasks' gradients, where one was computed; the history keeps its cosines. */
  readonly gramian?: Float64Array | undefined;
  /** Numbers of this step worth recording; the history keeps their mean per epoch under `<plan>/<name>`. */
  readonly logged?: LoggedNumbers | undefined;
}
