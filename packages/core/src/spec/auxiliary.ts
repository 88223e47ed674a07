import type * as tf from '@tensorflow/tfjs';
import type { TensorBatch } from './batch.js';
import { type Description, type DescriptionInput, definePart, type Lifecycle } from './description.js';
import type { StepInfo } from './loss-weighting.js';
import type { BuildScope, ParameterLayout, ParameterReader } from './parameters.js';
import type { ForwardState } from './sharing.js';
import type { HostFeeds, NamedTensors } from './tensors.js';

/** What an auxiliary objective is bound to: the model is built, its own variables are not yet. */
export interface AuxiliaryContext {
  readonly tasks: readonly string[];
  /** The model's parameters as built so far. */
  readonly layout: ParameterLayout;
  /** For variables of its own (a discriminator). */
  readonly scope: BuildScope;
  /** Shapes of the rows of the shared representation and of each task's features, by name (`shared`, task names). */
  readonly features: { readonly [name: string]: readonly number[] };
}

/** An auxiliary objective in one run. */
export interface BoundAuxiliary extends Lifecycle {
  /** Host phase every `updateEvery` steps, the first step included; what it gives is fed until the next time. Fixed names and shapes. */
  prepare?(parameters: ParameterReader): Promise<HostFeeds> | HostFeeds;
  /** Host numbers for every step, such as an annealed factor. */
  feeds?(step: StepInfo): HostFeeds;
  /** Scalar, in tfjs. `feeds` has what `prepare` and `feeds` gave. May use model variables through the layout it was bound to. */
  loss(state: ForwardState, batch: TensorBatch, feeds: NamedTensors): tf.Scalar;
}

/** A term added to what the tasks ask for: a penalty, an adversary, a consistency between tasks. */
export interface AuxiliaryObjective extends Description<'auxiliary'> {
  /** Factor of the term. Default 1. */
  readonly weight?: number;
  /** Steps between two calls of `prepare`. Default 1. */
  readonly updateEvery?: number;
  /** true: balanced like one more task instead of added after balancing. */
  readonly asTask?: boolean;
  bind(context: AuxiliaryContext): BoundAuxiliary;
}

/** Makes an {@link AuxiliaryObjective}. */
export function defineAuxiliary(auxiliary: DescriptionInput<AuxiliaryObjective>): AuxiliaryObjective {
  return definePart<AuxiliaryObjective>('auxiliary', auxiliary);
}
