import type { AuxiliaryObjective } from '../contracts/auxiliary.js';
import type { InputSpecs } from '../contracts/batch.js';
import type { Executor } from '../contracts/executor.js';
import type { GradientBalancing } from '../contracts/gradient-balancing.js';
import type { LossWeighting } from '../contracts/loss-weighting.js';
import type { Observer } from '../contracts/observer.js';
import type { SharingStrategy } from '../contracts/sharing.js';
import type { StepPlan } from '../contracts/step-plan.js';
import type { AnyTask } from '../contracts/task.js';

/** A balancing strategy of any of the three kinds. */
export type Balancing = LossWeighting | GradientBalancing | StepPlan;

/** What a model is built from. */
export interface ModelParts {
  readonly tasks: readonly AnyTask[];
  readonly inputs: InputSpecs;
  readonly sharing: SharingStrategy;
  readonly auxiliary: readonly AuxiliaryObjective[];
  readonly balancing: Balancing;
  readonly observers?: readonly Observer[] | undefined;
  /** What runs it, for networks that parts ask besides. Default: `eager()`. */
  readonly executor?: Executor | undefined;
  /** The task that the run is for. */
  readonly primary?: string | undefined;
  /** Named groups of tasks. */
  readonly groups?: { readonly [group: string]: readonly string[] } | undefined;
  readonly seed: number;
  /** How many numbers its variables may have. Default: any. */
  readonly limit?: number | undefined;
}
