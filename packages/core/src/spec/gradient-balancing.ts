import type * as tf from '@tensorflow/tfjs';
import { type Description, type DescriptionInput, definePart, type Lifecycle } from './description.js';
import type { BalancingContext, EpochSummary, StepInfo, WeightScale } from './loss-weighting.js';
import type { HostFeeds, NamedTensors } from './tensors.js';

/**
 * Which gradients a method compares.
 * `'shared'`: of all parameters that more than one task uses. `'last-shared-layer'`: of the last such layer only; the weights
 * then apply to all shared parameters. `'layers'`: each shared layer by itself, with weights of its own. `'representation'`:
 * of the shared representation, flattened over batch and features, not summed over the batch.
 */
export type GradientsOf = 'shared' | 'last-shared-layer' | 'layers' | 'representation';

/** What host-side weights are computed from. Only tasks present in the batch occur. */
export interface GramianInput {
  /** G = J Jᵀ, row-major `[K', K']`. */
  readonly gramian: Float64Array;
  /** Indices of the K' tasks present, ascending. */
  readonly tasks: readonly number[];
  /** Losses of the tasks present `[K']`. */
  readonly losses: Float64Array;
  /** Path of the layer under `'layers'`; else the name of what was compared. */
  readonly block: string;
  readonly step: StepInfo;
}

/** What an in-program aggregation is computed from. */
export interface AggregateInput {
  /** J `[K, P]`; rows of absent tasks are zero. Columns a task does not use are zero too. */
  readonly jacobian: tf.Tensor2D;
  readonly losses: tf.Tensor1D;
  /** `[K]`, 1 or 0. */
  readonly active: tf.Tensor1D;
  readonly feeds: NamedTensors;
  /** Device state as declared by `state`. */
  readonly state: NamedTensors;
}

/** What an aggregation gives: the update direction `[P]`, and the new value of every state tensor. */
export interface Aggregated {
  readonly direction: tf.Tensor1D;
  readonly state?: NamedTensors;
}

/** A gradient balancing in one run: exactly one of `weights` and `aggregate`. */
export interface BoundGradientBalancing extends Lifecycle {
  /** Weights `[K']` on the host, in float64; the direction is Jᵀw. */
  weights?(input: GramianInput): Float64Array;
  /** The direction itself, in tfjs. */
  aggregate?(input: AggregateInput): Aggregated;
  /** Device tensors that `aggregate` carries from step to step (zeros at first), by name. Core saves them. */
  state?(sizes: { readonly tasks: number; readonly columns: number }): { readonly [name: string]: readonly number[] };
  feeds?(step: StepInfo, sizes: { readonly tasks: number; readonly columns: number }): HostFeeds;
  epochEnd?(summary: EpochSummary): void;
}

/** Combines the tasks' gradients of what they share. */
export interface GradientBalancing extends Description<'gradient-balancing'> {
  readonly scale?: WeightScale;
  /** Default `'shared'`. */
  readonly gradientsOf?: GradientsOf;
  /** What parameters of a single task get: the gradient of its own loss as it is (default), or times the task's weight. */
  readonly headGradients?: 'raw' | 'weighted';
  bind(context: BalancingContext): BoundGradientBalancing;
}

/** Makes a {@link GradientBalancing}. */
export function defineGradientBalancing(balancing: DescriptionInput<GradientBalancing>): GradientBalancing {
  return definePart<GradientBalancing>('gradient-balancing', balancing);
}
