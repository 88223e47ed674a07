import type { Batch } from './batch.js';
import { type Description, type DescriptionInput, definePart, type Lifecycle } from './description.js';
import type { DeviceTensor, ParameterSet } from './executor.js';
import type { GradientsOf } from './gradient-balancing.js';
import type { BalancingContext, EpochSummary, StepInfo } from './loss-weighting.js';
import type { ParameterLayout } from './parameters.js';

/** A gradient of the whole model, `[layout.size]`, living with the executor. */
export type GradientHandle = DeviceTensor;

/** Where to evaluate. */
export interface At {
  /** Default: the model's own parameters. */
  readonly parameters?: ParameterSet;
  /** Default: the step's batch. */
  readonly batch?: Batch;
}

/** Gradients of every task. */
export interface JacobianHandle {
  /** J `[K, layout.sharedSize]` over the parameters that more than one task uses. */
  readonly shared: DeviceTensor;
  /** Each task's gradient of what only it uses, raw, side by side: `[layout.size - layout.sharedSize]`. */
  readonly own: DeviceTensor;
  /** Gradient of the auxiliary terms, `[layout.size]`; zero where there are none. */
  readonly auxiliary: DeviceTensor;
  /** `[K]`, NaN for tasks without a label in the batch. */
  readonly losses: Float64Array;
  /** Indices of tasks with a label in the batch. */
  readonly active: readonly number[];
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
  /** A further, independent training batch; for methods whose estimates need several. */
  anotherBatch(): Promise<Batch>;
  /** A batch of the validation data; refused with the reason where `fit` was given none. */
  validationBatch(): Promise<Batch>;
  /** Losses `[K]` in training mode; NaN for tasks without a label in the batch. BatchNorm statistics do not move. */
  losses(at?: At): Promise<Float64Array>;
  /** Gradient of Σ w_k L_k plus the auxiliary terms. `weights` defaults to ones. */
  gradient(
    options?: At & { weights?: ArrayLike<number>; auxiliary?: boolean },
  ): Promise<{ gradient: GradientHandle; losses: Float64Array }>;
  jacobian(options?: At): Promise<JacobianHandle>;
  /** A · Bᵀ of two Jacobians' shared parts (B defaults to A), row-major `[K, K]`. */
  gramian(a: JacobianHandle, b?: JacobianHandle): Promise<Float64Array>;
  /** Gramian of the gradients of something else than all shared parameters. */
  gramianOf(
    of: GradientsOf,
    at?: At,
  ): Promise<{ gramians: { readonly [block: string]: Float64Array }; losses: Float64Array }>;
  /** Jᵀw for the shared part; own parts raw or times w; auxiliary gradient added. */
  combine(
    jacobian: JacobianHandle,
    weights: ArrayLike<number>,
    headGradients?: 'raw' | 'weighted',
  ): Promise<GradientHandle>;
  /** One step of the optimizer on the model's own parameters. `active` defaults to the step's batch. */
  apply(gradient: GradientHandle, options?: { active?: readonly number[] }): Promise<void>;
  clone(parameters: ParameterSet): Promise<ParameterSet>;
  /** parameters ← parameters + α · gradient, in place. */
  axpy(parameters: ParameterSet, alpha: number, gradient: GradientHandle): Promise<void>;
  /** Euclidean norm of a gradient. */
  norm(gradient: GradientHandle): Promise<number>;
  /** A device tensor that an earlier step stored under this name. */
  stored(name: string): DeviceTensor | undefined;
  /** Keeps a device tensor for later steps, in place of the one of that name. Core saves it in checkpoints. */
  store(name: string, tensor: DeviceTensor): void;
}

/** What a plan says it did. */
export interface StepReport {
  /** Losses of the step's batch at the start of the step `[K]`. */
  readonly losses: Float64Array;
  /** Effective weight of every task `[K]`. */
  readonly weights: Float64Array;
}

/** A plan in one run. */
export interface BoundStepPlan extends Lifecycle {
  step(primitives: StepPrimitives): Promise<StepReport>;
  epochEnd?(summary: EpochSummary): void;
}

/**
 * The general balancing strategy: an asynchronous host-side sequence of primitives. Loss weighting and gradient balancing are
 * shorthands for two such plans.
 */
export interface StepPlan extends Description<'step-plan'> {
  bind(context: BalancingContext): BoundStepPlan;
}

/** Makes a {@link StepPlan}. */
export function defineStepPlan(plan: DescriptionInput<StepPlan>): StepPlan {
  return definePart<StepPlan>('step-plan', plan);
}
