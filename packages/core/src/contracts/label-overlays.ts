import type { Batch } from './batch.js';
import type { ForwardOutput } from './step-plan.js';
import type { HostTensor, State } from './tensors.js';

/** Labels, sample weights, or both, that replace what the data set says for some rows of one task. */
export interface LabelOverlay {
  /** The rows, by id, each once `[n]`. */
  readonly ids: Int32Array;
  /**
   * `[n, ...target shape]`; for class ids also distributions `[n, ...target shape, classes]`, float32. A missing value
   * (NaN or negative) takes the row's label away.
   */
  readonly targets?: HostTensor;
  /** Sample weights `[n]`, such as the confidence in a pseudo-label; class weights still multiply them. */
  readonly weights?: Float32Array;
}

/** An overlay as it is looked up in. */
export interface OverlayTable extends LabelOverlay {
  /** Row of an id in `targets` and `weights`. */
  readonly rows: ReadonlyMap<number, number>;
}

/** The label overlays of a run: pseudo-labels, distilled targets, confidence. */
export interface LabelOverlays {
  /**
   * Puts an overlay on a task, in place of the one it has. The arrays are kept, not copied.
   *
   * @throws DatasetError (`POLYTASK_DATASET`) where lengths differ, an id repeats, or a weight is not finite.
   */
  setOverlay(task: string, overlay: LabelOverlay): void;
  /** Takes the overlay off one task, or off all. */
  clear(task?: string): void;
  /** The task's overlay, if it has one. */
  lookup(task: string): OverlayTable | undefined;
  /** Everything, as plain data for a checkpoint. */
  toState(): State;
  /** Puts back what `toState` gave, in place of everything. */
  fromState(state: State): void;
}

/** Some rows of a data set, and what the model gives for them in inference mode. */
export interface LookedThrough<Names extends readonly ForwardOutput[] = readonly ForwardOutput[]> {
  /** Labelled as in training, overlays included. */
  readonly batch: Batch;
  readonly outputs: { readonly [Name in Names[number]]: HostTensor };
}

/** What a part sees that gives rows other labels between two epochs. */
export interface Relabelling {
  /** Epochs done. */
  readonly epoch: number;
  /** The labels laid over those of the training data. What is set here holds from the next epoch on. */
  readonly labels: LabelOverlays;
  /** Whether there are validation rows to look through. */
  readonly hasValidation: boolean;
  /**
   * Goes through the rows in their own order, with the model as it is now. Without names the model does not run. Errors:
   * `POLYTASK_UNKNOWN_NAME` for what the forward pass does not give.
   *
   * @param of - `'validation'` has no rows where `fit` was given none.
   */
  rows<const Names extends readonly ForwardOutput[]>(
    of: 'train' | 'validation',
    names: Names,
  ): AsyncIterable<LookedThrough<Names>>;
}
