import type * as tf from '@tensorflow/tfjs';
import type { InputSpecs, TensorBatch } from './batch.js';
import { type Description, type DescriptionInput, definePart } from './description.js';
import type { StepContext } from './encoder.js';
import type { BuildScope } from './parameters.js';
import type { AnyTask } from './task.js';
import type { NamedTensors } from './tensors.js';

/** What one forward pass gives. */
export interface ForwardState {
  /** Per task the outputs that the task declares, by name. */
  readonly outputs: { readonly [task: string]: NamedTensors };
  /** Per task what its head saw. */
  readonly features: { readonly [task: string]: tf.Tensor };
  /** The representation that all tasks share, where there is one. */
  readonly shared?: tf.Tensor;
  /** Anything else worth a name: gates, attention maps, columns' features. */
  readonly intermediates: NamedTensors;
}

/** A term that is added to the balanced loss: its weight times a scalar. */
export interface AuxiliaryTerm {
  readonly name: string;
  readonly weight: number;
  /** Scalar. */
  loss(state: ForwardState, batch: TensorBatch): tf.Scalar;
}

/** What a sharing strategy gets to build a model from. */
export interface SharingContext {
  readonly tasks: readonly AnyTask[];
  readonly inputs: InputSpecs;
  /** Root scope; everything the strategy makes lies below it. */
  readonly scope: BuildScope;
}

/** A model in one run. Its variables belong to core. */
export interface BoundSharing {
  forward(inputs: NamedTensors, step: StepContext): ForwardState;
  /** Objectives of its own: load balance, entropy of gates, orthogonality. */
  readonly auxiliary?: readonly AuxiliaryTerm[];
  dispose?(): void;
}

/** Decides what the tasks share. */
export interface SharingStrategy extends Description<'sharing'> {
  bind(context: SharingContext): BoundSharing;
}

/** Makes a {@link SharingStrategy}. */
export function defineSharing(sharing: DescriptionInput<SharingStrategy>): SharingStrategy {
  return definePart<SharingStrategy>('sharing', sharing);
}
