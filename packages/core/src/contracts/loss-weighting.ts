import type * as tf from '@tensorflow/tfjs';
import { type Description, type DescriptionInput, definePart, type Lifecycle } from './description.js';
import type { BuildScope } from './parameters.js';
import type { HostFeeds, NamedTensors } from './tensors.js';

/**
 * How a balancing method's weights are scaled. `'paper'`: as published. `'tasks'`: rescaled so that the effective weights of
 * the tasks present sum to their number, which makes learning rates comparable between methods.
 */
export type WeightScale = 'paper' | 'tasks';

/** What a balancing strategy is bound to. */
export interface BalancingContext {
  /** What is balanced: task names, then auxiliary objectives with `asTask`; K in what follows. */
  readonly tasks: readonly string[];
  /**
   * For trainable state of its own; made in group `'balancing'`, which has its own learning rate and no decay. A variable made in
   * `child(task, { usedBy: [task] })` stands still while that task is absent.
   */
  readonly scope: BuildScope;
  /** A seeded stream of uniform numbers for the host side of one step; same run seed, same numbers. */
  uniform(step: number): () => number;
}

/** The step about to be taken. */
export interface StepInfo {
  /** Steps taken before this one. */
  readonly step: number;
  readonly epoch: number;
}

/** What an epoch of training looked like; tasks that had no label in it have NaN. */
export interface EpochSummary {
  readonly epoch: number;
  /** Mean training loss per task `[K]` over the steps in which the task was present. */
  readonly meanLosses: Float64Array;
}

/**
 * `losses` [K] to a scalar, in tfjs. `active` [K] is 1 for tasks that have a label in the batch and 0 for the others, whose loss
 * is 0 and carries no gradient. Reads nothing from the host except through `feeds`.
 */
export type Scalarization = (losses: tf.Tensor1D, active: tf.Tensor1D, feeds: NamedTensors) => tf.Tensor;

/** A loss weighting in one run. */
export interface BoundLossWeighting extends Lifecycle {
  /** Numbers for this step, worked out on the host: random draws, epoch ratios, user weights. Same names and shapes every step. */
  feeds?(step: StepInfo): HostFeeds;
  readonly scalarize: Scalarization;
  epochEnd?(summary: EpochSummary): void;
}

/** Turns the tasks' losses into one. */
export interface LossWeighting extends Description<'loss-weighting'> {
  /** Default `'tasks'`. */
  readonly scale?: WeightScale | undefined;
  bind(context: BalancingContext): BoundLossWeighting;
}

/** Makes a {@link LossWeighting}. */
export function defineLossWeighting(weighting: DescriptionInput<LossWeighting>): LossWeighting {
  return definePart<LossWeighting>('loss-weighting', weighting);
}
