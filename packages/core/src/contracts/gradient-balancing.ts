import type * as tf from '@tensorflow/tfjs';
import { requireChoice, requireCount } from './check-description.js';
import { type Description, type DescriptionInput, definePart, type Lifecycle } from './description.js';
import {
  type BalancingContext,
  type EpochEnd,
  type LossRange,
  type StepInfo,
  type WeightScale,
  weightScales,
} from './loss-weighting.js';
import type { HostFeeds, HostTensor, State, TensorsNamed } from './tensors.js';

/**
 * Which gradients a method compares.
 * `'shared'`: of all parameters that more than one task uses. `'last-shared-layer'`: of the last such layer only; the weights
 * then apply to all shared parameters. `'layers'`: each shared layer by itself, with weights of its own. `'representation'`:
 * of the shared representation, flattened over batch and features, not summed over the batch.
 */
export type GradientsOf = (typeof gradientChoices)[number];

/** All there are. */
export const gradientChoices = ['shared', 'last-shared-layer', 'layers', 'representation'] as const;

/** What parameters of a single task may get. */
const headGradientChoices = ['raw', 'weighted'] as const;

/** What host-side weights are computed from. Only tasks occur that are present in the batch and use what is compared. */
export interface GramianInput {
  /** G = J Jᵀ, row-major `[K', K']`. */
  readonly gramian: Float64Array;
  /** Indices of the K' tasks present, in the order of their names: so weights do not depend on the order of declaration. */
  readonly tasks: readonly number[];
  /** Losses of the tasks present `[K']`. */
  readonly losses: Float64Array;
  /**
   * Where the method asks for `parts`: of each of the K' tasks the Gramian `[m, m]`, row-major, of its gradients on the m parts of the batch in
   * which it has labels, each the gradient of its loss of that part alone.
   */
  readonly parts?: readonly Float64Array[] | undefined;
  /** Path of the layer under `'layers'`; else the name of what was compared. */
  readonly block: string;
  readonly step: StepInfo;
}

/** Size of what is aggregated: J is `[tasks, columns]`. */
export interface JacobianSize {
  readonly tasks: number;
  readonly columns: number;
}

/** What an in-program aggregation is computed from, and what is learned from. */
export interface AggregateInput<Feeds extends string = string, Carried extends string = string> {
  /**
   * J `[K, P]`; rows of absent tasks are zero. Columns a task does not use are zero too. Under `'representation'` P is the rows of the
   * batch, one after the other, times the features of one.
   */
  readonly jacobian: tf.Tensor2D;
  /** `[K]`, 0 for absent tasks. */
  readonly losses: tf.Tensor1D;
  /** `[K]`, 1 or 0. */
  readonly active: tf.Tensor1D;
  /** What `feeds` gave for this step. */
  readonly feeds: TensorsNamed<Feeds>;
  /** Device state as declared by `state`. */
  readonly state: TensorsNamed<Carried>;
  /** Uniform random numbers of this step; see `StepContext.uniform`. */
  uniform(path: string, shape: readonly number[]): tf.Tensor;
}

/** What an aggregation gives. */
export interface Aggregated<Carried extends string = string> {
  /** The update direction `[P]`. */
  readonly direction: tf.Tensor;
  /** The new value of every state tensor, by name. */
  readonly state?: TensorsNamed<Carried> | undefined;
  /** Effective weights `[K]` for the history, where the method has them; else those w for which Jᵀw comes closest to the direction. */
  readonly weights?: tf.Tensor | undefined;
}

/**
 * A gradient balancing in one run: exactly one of `weights` and `aggregate`. `weights` is enough for methods whose direction is
 * Jᵀw with w a function of J Jᵀ; the strategy's `scale` applies to it. `aggregate` is for all others, which scale themselves.
 */
export interface BoundGradientBalancing<
  Feeds extends string = string,
  Carried extends string = string,
  Saved extends State = State,
> extends Lifecycle<Saved>,
    EpochEnd {
  /**
   * Device tensors that `aggregate` or `learn` carries from step to step, by name: what they are at first, or just a shape for zeros. Core
   * saves them. Not for `aggregate` under `'representation'`, whose size changes with the batch.
   */
  state?(size: JacobianSize): { readonly [N in Carried]: HostTensor | readonly number[] };
  /** Host numbers for `aggregate` or `learn`, asked after `weights`. Same names and shapes every step. */
  feeds?(step: StepInfo): HostFeeds<Feeds>;
  /** Weights `[K']` on the host, in float64, in the order of `input.tasks`; the direction is Jᵀw. */
  weights?(input: GramianInput): ArrayLike<number>;
  /** The direction itself, in tfjs. */
  aggregate?(input: AggregateInput<Feeds, Carried>): Aggregated<Carried>;
  /**
   * Beside `weights`: what is learned from the gradients that these were worked out from, in tfjs, once the model has moved. It may assign
   * statistics of the model that are its to move (`BalancingContext.rotations`), those of absent tasks excepted, and gives the new value
   * of every state tensor. Where gradients are accumulated, J is that of all parts, under `'representation'` with the rows of one part after
   * those of another. It is not called in steps that hold weights (`updateEvery`), in steps without any label, and outside a trainer.
   */
  learn?(input: AggregateInput<Feeds, Carried>): TensorsNamed<Carried>;
}

/** Combines the tasks' gradients of what they share. */
export interface GradientBalancing extends Description<'gradient-balancing'>, LossRange {
  /** Of `weights`. Default `'tasks'`. */
  readonly scale?: WeightScale | undefined;
  /** Default `'shared'`. */
  readonly gradientsOf?: GradientsOf | undefined;
  /** What parameters of a single task get: the gradient of its own loss as it is (default), or times the task's weight. */
  readonly headGradients?: 'raw' | 'weighted' | undefined;
  /**
   * Steps that `weights` hold for, default 1. In between a step is one backward pass of the weighted losses; where a task is present that had
   * no weight, weights are worked out anew. Not under `'layers'`.
   */
  readonly updateEvery?: number | undefined;
  /**
   * Into how many parts a batch is divided, so that `weights` also sees how a task's gradients on them agree
   * ({@link GramianInput.parts}). Default 1: not at all. Rows are dealt out by turns, those of batches that a step accumulates too; a
   * batch of fewer rows has fewer parts, and every part has two rows at least where a layer normalises over rows. Each part goes
   * through the model by itself, and the direction is that of the whole batch.
   */
  readonly parts?: number | undefined;
  bind(context: BalancingContext): BoundGradientBalancing;
}

/** Makes a {@link GradientBalancing}. */
export function defineGradientBalancing<
  Feeds extends string = string,
  Carried extends string = string,
  Saved extends State = State,
>(
  balancing: Omit<DescriptionInput<GradientBalancing>, 'bind'> & {
    bind(context: BalancingContext): BoundGradientBalancing<Feeds, Carried, Saved>;
  },
): GradientBalancing {
  const kind = 'gradient-balancing';
  requireChoice(kind, balancing, 'scale', weightScales);
  requireChoice(kind, balancing, 'gradientsOf', gradientChoices);
  requireChoice(kind, balancing, 'headGradients', headGradientChoices);
  requireCount(kind, balancing, 'parts');
  return definePart<GradientBalancing>(kind, balancing as DescriptionInput<GradientBalancing>);
}
