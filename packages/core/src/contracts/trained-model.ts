import type { InputSpecs } from './batch.js';
import type { Executor } from './executor.js';
import type { StepInfo } from './loss-weighting.js';
import type { SharingStrategy } from './sharing.js';
import type { AnyTask, TaskConstants } from './task.js';
import type { HostTensor } from './tensors.js';

/** A model without its training: what it takes, with the same tasks and strategies, to predict, measure and export again. */
export interface TrainedModel {
  readonly inputs: InputSpecs;
  /** What the tasks learned from the training labels, by task. */
  readonly constants: { readonly [task: string]: TaskConstants };
  /** Every variable by its path. */
  readonly variables: { readonly [path: string]: HostTensor };
  /** The last step that it was trained by, from which a sharing strategy knows its temperature. Default: none yet. */
  readonly reached?: StepInfo | undefined;
  /** Whether it is one whole model per task, each of that task's best epoch. Default false. */
  readonly perTask?: boolean | undefined;
}

/** A trained model with what it takes to run it: a teacher. */
export interface FrozenModel {
  /** The tasks and the strategy that it was trained with. */
  readonly tasks: readonly AnyTask[];
  readonly sharing: SharingStrategy;
  readonly model: TrainedModel;
  /** What computes it. Default: the executor of the run that it teaches; `eager()` outside of runs. */
  readonly executor?: Executor | undefined;
}
