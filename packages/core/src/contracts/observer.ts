import type { InputSpecs } from './batch.js';
import { requireCount } from './check-description.js';
import { type Description, type DescriptionInput, definePart, type Lifecycle } from './description.js';
import type { EpochEnd, Objective, StepInfo, TaskRoles } from './loss-weighting.js';
import type { ParameterLayout } from './parameters.js';
import type { ProbePrimitives } from './step-plan.js';
import type { StepReport } from './step-report.js';
import type { AnyTask } from './task.js';
import type { State, StateValue } from './tensors.js';

/** What an observer is bound to. */
export interface ObserverContext extends TaskRoles {
  readonly tasks: readonly AnyTask[];
  /** What is balanced, in the order of losses, weights and Gramians. */
  readonly objectives: readonly Objective[];
  readonly inputs: InputSpecs;
  readonly layout: ParameterLayout;
  /** A seeded stream of uniform numbers for one step; same run seed, same numbers. */
  uniform(step: number): () => number;
}

/** An observer in one run. A run goes on bit for bit as it would without it. */
export interface BoundObserver<Saved extends State = State> extends Lifecycle<Saved>, EpochEnd {
  /**
   * Before the first of every `interval` steps, with the primitives on the step's batch: trial steps on scratch copies, features,
   * losses of single rows.
   */
  probe?(primitives: ProbePrimitives): Promise<void>;
  /** After every step, with what happened in it. */
  stepEnd?(report: StepReport, step: StepInfo): void;
  /** What has been seen so far, as plain data: `trainer.observations()` gives it. */
  result(): StateValue;
}

/** Looks at a run without changing it. A run may have any number of them, and may be resumed with others. */
export interface Observer extends Description<'observer'> {
  /** Steps from one `probe` to the next. Default 1. */
  readonly interval?: number | undefined;
  bind(context: ObserverContext): BoundObserver;
}

/** Makes an {@link Observer}. */
export function defineObserver<Saved extends State = State>(
  observer: Omit<DescriptionInput<Observer>, 'bind'> & { bind(context: ObserverContext): BoundObserver<Saved> },
): Observer {
  requireCount('observer', observer, 'interval');
  return definePart<Observer>('observer', observer as DescriptionInput<Observer>);
}
