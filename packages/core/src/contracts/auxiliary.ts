import type { BoundAuxiliary } from './auxiliary-term.js';
import type { InputSpecs } from './batch.js';
import { type Description, type DescriptionInput, definePart } from './description.js';
import type { BuildScope, ParameterLayout } from './parameters.js';

/** What an auxiliary objective is bound to: the model is built, its own variables are not yet. */
export interface AuxiliaryContext {
  readonly tasks: readonly string[];
  readonly inputs: InputSpecs;
  /** The model's parameters as built so far. Their variables may be used in `loss`. */
  readonly layout: ParameterLayout;
  /** For variables of its own (a discriminator). */
  readonly scope: BuildScope;
  /** Shape of one row of the shared representation; undefined where the sharing strategy has none. */
  readonly shared: readonly number[] | undefined;
  /** By task: shape of one row of the task's features. */
  readonly features: { readonly [task: string]: readonly number[] };
}

/** A term added to what the tasks ask for: a penalty, an adversary, a consistency between tasks. */
export interface AuxiliaryObjective extends Description<'auxiliary'> {
  /** Factor of the term. Default 1. */
  readonly weight?: number | undefined;
  /** Steps between two calls of `prepare`. Default 1. */
  readonly updateEvery?: number | undefined;
  /** true: balanced like one more task instead of added after balancing. */
  readonly asTask?: boolean | undefined;
  bind(context: AuxiliaryContext): BoundAuxiliary;
}

/** Makes an {@link AuxiliaryObjective}. */
export function defineAuxiliary(auxiliary: DescriptionInput<AuxiliaryObjective>): AuxiliaryObjective {
  return definePart<AuxiliaryObjective>('auxiliary', auxiliary);
}
