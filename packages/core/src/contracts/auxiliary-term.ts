import type * as tf from '@tensorflow/tfjs';
import type { TensorBatch } from './batch.js';
import type { Lifecycle } from './description.js';
import type { StepContext } from './encoder.js';
import type { ForwardState } from './forward-state.js';
import type { StepInfo } from './loss-weighting.js';
import type { ParameterReader } from './parameters.js';
import type { HostFeeds, NamedTensors } from './tensors.js';

/** What an auxiliary term is computed from, in a training step. */
export interface AuxiliaryInput {
  readonly state: ForwardState;
  readonly batch: TensorBatch;
  /** What `prepare` and `feeds` gave. */
  readonly feeds: NamedTensors;
  /** For layers of the term's own. `uniform` draws numbers that no other part of the step gets. */
  readonly step: StepContext;
}

/** An auxiliary term in one run. */
export interface BoundAuxiliary extends Lifecycle {
  /**
   * Host phase before the first of every `updateEvery` steps; what it gives is fed until the next time. Same names and shapes
   * every time. All reads of one phase cost one transfer.
   */
  prepare?(parameters: ParameterReader): Promise<HostFeeds> | HostFeeds;
  /** Host numbers for every step, such as an annealed factor. Same names and shapes every step. */
  feeds?(step: StepInfo): HostFeeds;
  /** A scalar, in tfjs. May use model variables through the layout or the scope that its maker was bound to. */
  loss(input: AuxiliaryInput): tf.Tensor;
}

/** A term that is added to the balanced loss: its weight times a scalar. The history records the scalar. */
export interface AuxiliaryTerm extends BoundAuxiliary {
  readonly name: string;
  /** Default 1. */
  readonly weight?: number | undefined;
  /** Steps between two calls of `prepare`. Default 1. */
  readonly updateEvery?: number | undefined;
}
