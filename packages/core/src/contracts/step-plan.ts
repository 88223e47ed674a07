import type { Batch } from './batch.js';
import { type Description, type DescriptionInput, definePart, type Lifecycle } from './description.js';
import type { DeviceTensor, ParameterSet, Program, ProgramCall } from './executor.js';
import type { GradientsOf } from './gradient-balancing.js';
import type { BalancingContext, EpochEnd, LossRange, Scalarization, StepInfo, WeightScale } from './loss-weighting.js';
import type { ParameterLayout, SegmentRange } from './parameters.js';
import type { StepReport } from './step-report.js';
import type { HostFeeds, HostTensor, State } from './tensors.js';

/** A gradient of the whole model, `[layout.size]`, living with the executor. */
export type GradientHandle = DeviceTensor;

/** Where to evaluate. */
export interface At {
  /** Default: the model's own parameters. */
  readonly parameters?: ParameterSet | undefined;
  /** Default: the step's batch. */
  readonly batch?: Batch | undefined;
}

/**
 * What parameters of a single task get: the gradient of its own loss as it is, that times the task's weight, or that times a number of
 * its own per task `[K]`.
 */
export type HeadGradients = 'raw' | 'weighted' | ArrayLike<number>;

/** Which gradient to take. */
export interface GradientOptions extends At {
  /** Of Σ w_k L_k with these weights `[K]`. Default: ones. */
  readonly weights?: ArrayLike<number> | undefined;
  /**
   * Instead of weights: of this function of the losses; w_k is then its derivative by L_k. Give the same function object at every
   * step, since an executor keeps what it compiled from it.
   */
  readonly scalarize?: Scalarization | undefined;
  /** Host numbers for `scalarize`. Same names and shapes every step. */
  readonly feeds?: HostFeeds | undefined;
  /** Of the weights that `scalarize` amounts to. Default `'paper'`. */
  readonly scale?: WeightScale | undefined;
  /** Of parameters of a single task. Default `'weighted'`. */
  readonly headGradients?: HeadGradients | undefined;
  /** Whether auxiliary terms are added. Default true. */
  readonly auxiliary?: boolean | undefined;
  /**
   * false: of the model as it predicts, without dropout and with BatchNorm's averages, so that a row's gradient does not depend on the
   * rows beside it. Only with `weights`; auxiliary terms are never added then. Default true.
   */
  readonly training?: boolean | undefined;
}

/** A gradient with what it was taken of. */
export interface LossGradient {
  readonly gradient: GradientHandle;
  /** `[K]`, NaN for tasks without a label in the batch. */
  readonly losses: Float64Array;
  /** w_k `[K]`, 0 for tasks without a label in the batch. */
  readonly weights: Float64Array;
}

/** Gradients of every task. */
export interface JacobianHandle {
  /** J `[K, layout.sharedSize]` over the parameters that more than one task uses. */
  readonly shared: DeviceTensor;
  /**
   * Gradients of the rest, raw, `[1 + auxiliary objectives with asTask, layout.size - layout.sharedSize]`: first each task's
   * gradient of what only it uses, side by side; then a row for each such auxiliary objective.
   */
  readonly own: DeviceTensor;
  /** Gradient of the auxiliary terms, `[layout.size]`; zero where there are none. */
  readonly auxiliary: DeviceTensor;
  /** `[K]`, NaN for tasks without a label in the batch. */
  readonly losses: Float64Array;
  /** Indices of tasks with a label in the batch. */
  readonly active: readonly number[];
}

/** How an optimizer step is taken; see {@link StepPrimitives.apply}. */
export interface ApplyOptions extends Pick<At, 'parameters'> {
  /** Tasks whose own parameters move. Default: those with a label in the step's batch, and those that auxiliary terms teach there. */
  readonly active?: readonly number[] | undefined;
  /** Of these ranges and the shared ones, which move. Default: all. */
  readonly moves?: ((range: SegmentRange) => boolean) | undefined;
}

/** What may happen to an output of a program of one's own; see `ProgramCall.outputs`. */
export type OwnOutputs = { readonly [name: string]: 'read' | 'hold' | DeviceTensor };

/** A run of a program of the plan's own. */
export type OwnProgramCall<Outputs extends OwnOutputs = OwnOutputs> = Pick<ProgramCall, 'feeds'> &
  Pick<At, 'parameters'> & { readonly outputs: Outputs };

/** What it gave: host tensors for `'read'`, device tensors for `'hold'`, each by the names that were asked for. */
export interface OwnProgramResult<Outputs extends OwnOutputs = OwnOutputs> {
  readonly host: { readonly [Name in keyof Outputs as Outputs[Name] extends 'read' ? Name : never]: HostTensor };
  readonly device: { readonly [Name in keyof Outputs as Outputs[Name] extends 'hold' ? Name : never]: DeviceTensor };
}

/**
 * What a forward pass can give by name: every row's `loss/<task>` `[rows]`, `prediction/<task>` as the task predicts,
 * `features/<task>`, `output/<task>/<output>`, the `shared` representation, and the sharing strategy's `intermediate/<name>`.
 */
export type ForwardOutput =
  | `loss/${string}`
  | `prediction/${string}`
  | `features/${string}`
  | `output/${string}/${string}`
  | `intermediate/${string}`
  | 'shared';

/** Where and how to run the model. */
export interface ForwardOptions extends At {
  /** Whether dropout and BatchNorm act as in a training step. BatchNorm statistics do not move. Default false. */
  readonly training?: boolean | undefined;
}

/** What the executor offers to a plan for one step. Everything made here is released when the step ends, except what is stored. */
export interface StepPrimitives {
  readonly info: StepInfo;
  readonly layout: ParameterLayout;
  /** What is balanced: task names, then auxiliary objectives with `asTask`; K in what follows. */
  readonly objectives: readonly string[];
  /** The model's own parameters. */
  readonly parameters: ParameterSet;
  /** The step's batch. */
  readonly batch: Batch;
  /** Indices of the tasks with a label in a batch (default: the step's), ascending. */
  active(batch?: Batch): readonly number[];
  /** A further, independent training batch; for methods whose estimates need several. */
  anotherBatch(): Promise<Batch>;
  /** A batch of the validation data; refused with the reason where `fit` was given none. */
  validationBatch(): Promise<Batch>;
  /**
   * Losses `[K]` in training mode; NaN for tasks without a label in the batch. BatchNorm statistics do not move, and all passes
   * over one batch within a step see the same random numbers.
   */
  losses(at?: At): Promise<Float64Array>;
  /**
   * Runs the model, and holds what is named. Errors: `POLYTASK_UNKNOWN_NAME` for what it does not give, with the nearest name.
   */
  forward<const Names extends readonly ForwardOutput[]>(
    names: Names,
    options?: ForwardOptions,
  ): Promise<{ readonly [Name in Names[number]]: DeviceTensor }>;
  /** Brings a device tensor to the host. */
  read(tensor: DeviceTensor): Promise<HostTensor>;
  /** Gives back a device tensor that was made here before the step ends, for those who make many. What is stored stays. */
  release(tensor: DeviceTensor): void;
  /** One gradient, in one backward pass, plus that of the auxiliary terms. */
  gradient(options?: GradientOptions): Promise<LossGradient>;
  /** Every task's gradient, in one forward pass. */
  jacobian(at?: At): Promise<JacobianHandle>;
  /** A · Bᵀ of two Jacobians' shared parts (B defaults to A), row-major `[K, K]`; rows of absent tasks are zero. */
  gramian(a: JacobianHandle, b?: JacobianHandle): Promise<Float64Array>;
  /** Gramian of the gradients of something else than all shared parameters. */
  gramianOf(
    of: GradientsOf,
    at?: At,
  ): Promise<{ gramians: { readonly [block: string]: Float64Array }; losses: Float64Array }>;
  /** Jᵀw for the shared part; own parts raw (default), times w, or times numbers of their own; auxiliary gradient added. */
  combine(jacobian: JacobianHandle, weights: ArrayLike<number>, headGradients?: HeadGradients): Promise<GradientHandle>;
  /**
   * One step of the optimizer. `active` (default: the tasks that learn from the step's batch) are the tasks whose own parameters move; `moves`
   * narrows that down to some ranges of the layout, so that only a trunk or only a discriminator moves. With a scratch copy as
   * `parameters`, the copy gets what the optimizer would make of the gradient from there, and moments and counts stay as they
   * are: a trial step.
   */
  apply(gradient: GradientHandle, options?: ApplyOptions): Promise<void>;
  /** A scratch copy. */
  clone(parameters: ParameterSet): Promise<ParameterSet>;
  /** target ← target + α · gradient, in place; `target` is a scratch copy of parameters, or a gradient. */
  axpy(target: ParameterSet | GradientHandle, alpha: number, gradient: GradientHandle): Promise<void>;
  /** Inner product of two gradients; with the second left out, the square of the first's Euclidean norm. */
  dot(a: GradientHandle, b?: GradientHandle): Promise<number>;
  /**
   * Runs a program of the plan's own, for arithmetic that is not here. Make the program once, when the plan is bound. What it holds
   * is released when the step ends, except what is stored.
   */
  run<const Outputs extends OwnOutputs>(
    program: Program,
    call: OwnProgramCall<Outputs>,
  ): Promise<OwnProgramResult<Outputs>>;
  /** A device tensor that an earlier step stored under this name. */
  stored(name: string): DeviceTensor | undefined;
  /** Keeps a device tensor for later steps, in place of the one of that name. Core saves it in checkpoints. */
  store(name: string, tensor: DeviceTensor): void;
}

/**
 * The primitives for parts that look at the model before a step without moving it: auxiliary objectives and observers. What they
 * `store` is theirs alone; further batches come from streams of their own.
 */
export interface ProbePrimitives extends Omit<StepPrimitives, 'apply'> {
  /** A trial step of the optimizer on a scratch copy. On the model itself it is refused. */
  apply(gradient: GradientHandle, options: ApplyOptions & { readonly parameters: ParameterSet }): Promise<void>;
}

/** A plan in one run. */
export interface BoundStepPlan<Saved extends State = State> extends Lifecycle<Saved>, EpochEnd {
  step(primitives: StepPrimitives): Promise<StepReport>;
}

/**
 * The general balancing strategy: an asynchronous host-side sequence of primitives. Loss weighting and gradient balancing are
 * shorthands for two such plans.
 */
export interface StepPlan extends Description<'step-plan'>, LossRange {
  bind(context: BalancingContext): BoundStepPlan;
}

/** Makes a {@link StepPlan}. */
export function defineStepPlan<Saved extends State = State>(
  plan: Omit<DescriptionInput<StepPlan>, 'bind'> & { bind(context: BalancingContext): BoundStepPlan<Saved> },
): StepPlan {
  return definePart<StepPlan>('step-plan', plan as DescriptionInput<StepPlan>);
}

/**
 * The primitives for what an auxiliary objective does before the programs of a step: it can run the model, and programs of its own,
 * but no training program, since that would be fed the very numbers that are being made here.
 */
export type PreparePrimitives = Omit<
  ProbePrimitives,
  'losses' | 'gradient' | 'jacobian' | 'gramian' | 'gramianOf' | 'combine'
>;
