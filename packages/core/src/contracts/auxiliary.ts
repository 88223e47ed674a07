import type { BoundAuxiliary } from './auxiliary-term.js';
import type { InputSpecs } from './batch.js';
import { requireCount } from './check-description.js';
import { type Description, type DescriptionInput, definePart } from './description.js';
import type { Executor } from './executor.js';
import type { TaskRoles } from './loss-weighting.js';
import type { BuildScope, ParameterLayout } from './parameters.js';
import type { AnyTask } from './task.js';
import type { State } from './tensors.js';
import type { FrozenModel } from './trained-model.js';

/** What an auxiliary objective is bound to: the model is built, its own variables are not yet. */
export interface AuxiliaryContext extends TaskRoles {
  readonly tasks: readonly AnyTask[];
  readonly inputs: InputSpecs;
  /** The model's parameters as built so far. Their variables may be used in `loss`. */
  readonly layout: ParameterLayout;
  /** For variables of its own (a discriminator). */
  readonly scope: BuildScope;
  /** Shape of one row of the shared representation; undefined where the sharing strategy has none. */
  readonly shared: readonly number[] | undefined;
  /** By task: shape of one row of the task's features. */
  readonly features: { readonly [task: string]: readonly number[] };
  /** The run's executor, for networks that are asked besides: a teacher's. */
  readonly executor: Executor;
  /** A seeded stream of uniform numbers for the host side of one step; same run seed, same numbers. */
  uniform(step: number): () => number;
}

/** Frozen networks to learn from, by the task that each has learned. */
export type Teachers = { readonly [task: string]: FrozenModel };

/** A term added to what the tasks ask for: a penalty, an adversary, a consistency between tasks. */
export interface AuxiliaryObjective extends Description<'auxiliary'> {
  /** Factor of the term. Default 1. */
  readonly weight?: number | undefined;
  /** Steps between two calls of `prepare`. Default 1. */
  readonly updateEvery?: number | undefined;
  /** true: balanced like one more task instead of added after balancing. */
  readonly asTask?: boolean | undefined;
  /** Names of what `inspect` gives. A model that is loaded to be looked at has its terms with such names, and no others. */
  readonly inspected?: readonly string[] | undefined;
  /**
   * Of a term that learns from a network for each task alone: what it is once they are there. Who runs an experiment trains them
   * first. Left out where the term needs none, or has been given its own.
   *
   * @param teachers - By task; a term takes those that it has a use for.
   */
  withTeachers?(teachers: Teachers): AuxiliaryObjective;
  /** Under `withTeachers`: the tasks whose teachers it needs. Default: all. */
  readonly taught?: readonly string[] | undefined;
  bind(context: AuxiliaryContext): BoundAuxiliary;
}

/** Makes an {@link AuxiliaryObjective}. */
export function defineAuxiliary<
  Prepared extends string = string,
  Numbers extends string = string,
  Rows extends string = string,
  Saved extends State = State,
>(
  auxiliary: Omit<DescriptionInput<AuxiliaryObjective>, 'bind'> & {
    bind(context: AuxiliaryContext): BoundAuxiliary<Prepared, Numbers, Rows, Saved>;
  },
): AuxiliaryObjective {
  requireCount('auxiliary', auxiliary, 'updateEvery');
  return definePart<AuxiliaryObjective>('auxiliary', auxiliary as DescriptionInput<AuxiliaryObjective>);
}
