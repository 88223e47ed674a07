import type * as tf from '@tensorflow/tfjs';
import { requireChoice } from './check-description.js';
import { type Description, type DescriptionInput, definePart, type Lifecycle } from './description.js';
import type { BuildScope, ParameterReader } from './parameters.js';
import type { Rotations } from './rotations.js';
import type { StepReport } from './step-report.js';
import type { AnyTask } from './task.js';
import type { HostFeeds, LoggedNumbers, State, TensorsNamed } from './tensors.js';

/**
 * How a balancing method's weights are scaled. `'paper'`: as published. `'tasks'`: rescaled so that the effective weights of
 * the tasks present sum to their number, which makes learning rates comparable between methods.
 */
export type WeightScale = (typeof weightScales)[number];

/** All there are. */
export const weightScales = ['paper', 'tasks'] as const;

/** What a balancing method can make something of. */
export interface LossRange {
  /**
   * The least loss that the method is defined for, of all tasks or of the task named; a loss below it ends the run with an error that
   * says whose it is. Default: any loss will do.
   */
  readonly leastLoss?: number | ((task: string) => number) | undefined;
}

/** What the tasks of a run are to one another. */
export interface TaskRoles {
  /** The task that the run is for, where one is declared; the others are there to help it. */
  readonly primary: string | undefined;
  /** Named groups of tasks that the run declares. */
  readonly groups: { readonly [group: string]: readonly string[] };
}

/** One of what is balanced. */
export interface Objective {
  readonly name: string;
  /** undefined for an auxiliary objective with `asTask`. */
  readonly task: AnyTask | undefined;
}

/** What a balancing strategy is bound to. */
export interface BalancingContext extends TaskRoles {
  /** What is balanced: task names, then auxiliary objectives with `asTask`; K in what follows. */
  readonly tasks: readonly string[];
  /** The same with the tasks' definitions, for methods that treat kinds of tasks differently (`task.problem`). */
  readonly objectives: readonly Objective[];
  /**
   * For trainable state of its own; made in group `'balancing'`, which has its own learning rate and no decay. A variable made in
   * `child(task, { usedBy: [task] })` stands still while that task is absent.
   */
  readonly scope: BuildScope;
  /** What the model has between its shared representation and its heads; undefined where that is nothing, and outside a trainer. */
  readonly rotations?: Rotations | undefined;
  /** A seeded stream of uniform numbers for the host side of one step; same run seed, same numbers. */
  uniform(step: number): () => number;
}

/** The step about to be taken. */
export interface StepInfo {
  /** Steps taken before this one. */
  readonly step: number;
  readonly epoch: number;
  /** Steps of the whole run; null where it has no end of its own (`epochs: Infinity`). A run may be stopped earlier. */
  readonly totalSteps: number | null;
  /** Epochs of the whole run; null likewise. */
  readonly totalEpochs: number | null;
  /** null outside of `fit`. */
  readonly stepsPerEpoch: number | null;
}

/** The first step of a run whose length is not known; for parts that are tried by hand: `{ ...firstStep, step: 3 }`. */
export const firstStep: StepInfo = { step: 0, epoch: 0, totalSteps: null, totalEpochs: null, stepsPerEpoch: null };

/** What an epoch of training looked like; tasks that had no label in it have NaN. */
export interface EpochSummary {
  readonly epoch: number;
  /** Mean training loss per task `[K]` over the steps in which the task was present. */
  readonly meanLosses: Float64Array;
  /** By task: `loss` and every metric that is a number, on the validation data; undefined where there are none. */
  readonly validation?: ValidationScores | undefined;
}

/** By task: numbers by the names of metrics, and `loss`. */
export interface ValidationScores {
  readonly [task: string]: { readonly [metric: string]: number };
}

/**
 * `losses` [K] to a scalar, in tfjs. `active` [K] is 1 for tasks that have a label in the batch and 0 for the others, whose loss
 * is 0 and carries no gradient. Reads nothing from the host except through `feeds`.
 */
export type Scalarization<Feeds extends string = string> = (
  losses: tf.Tensor1D,
  active: tf.Tensor1D,
  feeds: TensorsNamed<Feeds>,
) => tf.Tensor;

/** Numbers for the history, or nothing. */
// biome-ignore lint/suspicious/noConfusingVoidType: most parts have nothing to record.
export type Recorded = LoggedNumbers | void;

/** A part that looks back at every epoch. */
export interface EpochEnd {
  /**
   * After an epoch. `parameters` are the model's as they are now, the part's own among them. What it gives is recorded in the
   * history, under `<part>/<name>`.
   */
  epochEnd?(summary: EpochSummary, parameters: ParameterReader): Recorded | Promise<Recorded>;
}

/** A loss weighting in one run. */
export interface BoundLossWeighting<Feeds extends string = string, Saved extends State = State>
  extends Lifecycle<Saved>,
    EpochEnd {
  /** Numbers for this step, worked out on the host: random draws, epoch ratios, user weights. Same names and shapes every step. */
  feeds?(step: StepInfo): HostFeeds<Feeds>;
  readonly scalarize: Scalarization<Feeds>;
  /** Called after every step with its losses, before it, and the weights they got; absent tasks have a loss of NaN. */
  observe?(report: StepReport, step: StepInfo): void;
}

/** Turns the tasks' losses into one. */
export interface LossWeighting extends Description<'loss-weighting'>, LossRange {
  /** Default `'tasks'`. */
  readonly scale?: WeightScale | undefined;
  bind(context: BalancingContext): BoundLossWeighting;
}

/** Makes a {@link LossWeighting}. */
export function defineLossWeighting<Feeds extends string = string, Saved extends State = State>(
  weighting: Omit<DescriptionInput<LossWeighting>, 'bind'> & {
    bind(context: BalancingContext): BoundLossWeighting<Feeds, Saved>;
  },
): LossWeighting {
  requireChoice('loss-weighting', weighting, 'scale', weightScales);
  return definePart<LossWeighting>('loss-weighting', weighting as DescriptionInput<LossWeighting>);
}
