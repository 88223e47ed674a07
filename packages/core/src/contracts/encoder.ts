import type * as tf from '@tensorflow/tfjs';
import type { InputSpec, InputSpecs } from './batch.js';
import { type Description, type DescriptionInput, definePart } from './description.js';
import type { BuildScope } from './parameters.js';
import type { NamedTensors } from './tensors.js';

/** What a forward pass may use besides its inputs and variables. */
export interface StepContext {
  /** true in a training step; layers such as dropout and BatchNorm act on it. */
  readonly training: boolean;
  /**
   * Uniform random numbers in [0, 1) for this step, drawn on the host from the run's seed, the step and `path`, and fed: eager,
   * compiled and resumed runs see the same numbers. The only randomness a program may use.
   */
  uniform(path: string, shape: readonly number[]): tf.Tensor;
}

/** A layer or block whose variables exist. */
export interface BuiltStage {
  /** Shape and dtype of one row of what `apply` returns. */
  readonly output: InputSpec;
  readonly named?: undefined;
  apply(inputs: NamedTensors, step: StepContext): tf.Tensor;
}

/** What a {@link NamedStage} gives. */
export type StageOutputs = { readonly features: tf.Tensor; readonly [name: string]: tf.Tensor };

/** A {@link BuiltStage} that has more to give than features: skips, masks. */
export interface NamedStage {
  /** Shape and dtype of one row of the features. */
  readonly output: InputSpec;
  /** What it gives besides, for later stages to take. */
  readonly named: InputSpecs;
  apply(inputs: NamedTensors, step: StepContext): StageOutputs;
}

/**
 * One step of an encoder. Stages are what sharing strategies build per task, per expert or per branch, and mix between:
 * the first stage gets the encoder's inputs by name, every later one gets `{ features }` and what it takes.
 */
export interface Stage {
  readonly name: string;
  /** Names of what earlier stages give under {@link NamedStage.named} that this one gets too. Default none. */
  readonly takes?: readonly string[] | undefined;
  build(scope: BuildScope, inputs: InputSpecs): BuiltStage | NamedStage;
}

/** A recipe from inputs to features. It owns nothing: a sharing strategy builds as many copies as it needs. */
export interface Encoder extends Description<'encoder'> {
  /** The stages for these inputs, in order; none passes its single input on. Throws where the encoder cannot take them. */
  stages(inputs: InputSpecs): readonly Stage[];
  /** The model that it is, where it is one of tfjs' layers API that exists already, as its maker's: for strategies that adapt it. */
  model?(): tf.LayersModel;
}

/** Makes an {@link Encoder}; for everyone, core's own encoders included. */
export function defineEncoder(encoder: DescriptionInput<Encoder>): Encoder {
  return definePart<Encoder>('encoder', encoder);
}
