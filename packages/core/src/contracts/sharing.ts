import type { AuxiliaryTerm } from './auxiliary-term.js';
import type { InputSpecs } from './batch.js';
import { type Description, type DescriptionInput, definePart, type Lifecycle } from './description.js';
import type { StepContext } from './encoder.js';
import type { ForwardState } from './forward-state.js';
import type { StepInfo } from './loss-weighting.js';
import type { BuildScope } from './parameters.js';
import type { AnyTask } from './task.js';
import type { HostFeeds, NamedTensors } from './tensors.js';

/** What a sharing strategy gets to build a model from. */
export interface SharingContext {
  readonly tasks: readonly AnyTask[];
  readonly inputs: InputSpecs;
  /** Root scope; everything the strategy makes lies below it. */
  readonly scope: BuildScope;
}

/** A model in one run. Its variables belong to core, and so do the tensors that `forward` makes: core disposes of them. */
export interface BoundSharing extends Lifecycle {
  /** The whole model, in tfjs. `feeds` is empty outside training. */
  forward(inputs: NamedTensors, step: StepContext, feeds: NamedTensors): ForwardState;
  /** Host numbers for every training step, such as a temperature that falls. Same names and shapes every step. */
  feeds?(step: StepInfo): HostFeeds;
  /** Terms of its own: load balance, entropy of gates, orthogonality, distances between columns. Core disposes of them. */
  readonly auxiliary?: readonly AuxiliaryTerm[];
}

/** Decides what the tasks share. */
export interface SharingStrategy extends Description<'sharing'> {
  bind(context: SharingContext): BoundSharing;
}

/** Makes a {@link SharingStrategy}. */
export function defineSharing(sharing: DescriptionInput<SharingStrategy>): SharingStrategy {
  return definePart<SharingStrategy>('sharing', sharing);
}
