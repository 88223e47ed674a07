import type { AuxiliaryTerm } from './auxiliary-term.js';
import type { InputSpecs } from './batch.js';
import { type Description, type DescriptionInput, definePart, type Lifecycle } from './description.js';
import type { StepContext } from './encoder.js';
import type { ForwardState } from './forward-state.js';
import type { EpochEnd, StepInfo, TaskRoles } from './loss-weighting.js';
import type { BuildScope } from './parameters.js';
import type { Rotations } from './rotations.js';
import type { AnyTask } from './task.js';
import type { TaskRelation } from './task-relation.js';
import type { HostFeeds, NamedTensors, State, TensorsNamed } from './tensors.js';

/** What a sharing strategy gets to build a model from. */
export interface SharingContext extends TaskRoles {
  readonly tasks: readonly AnyTask[];
  readonly inputs: InputSpecs;
  /** Root scope; everything the strategy makes lies below it. */
  readonly scope: BuildScope;
  /** A seeded stream of uniform numbers for the host side of one step; same run seed, same numbers. */
  uniform(step: number): () => number;
}

/** A model in one run. Its variables belong to core, and so do the tensors that `forward` makes: core disposes of them. */
export interface BoundSharing<Feeds extends string = string, Saved extends State = State>
  extends Lifecycle<Saved>,
    EpochEnd {
  /**
   * Host numbers for every forward pass, such as a temperature that falls. Same names and shapes every time. In training it is
   * asked before every step; when the model is built, measured, predicts or is exported, with the last step taken, so that a
   * cooled model stays cool. It depends on the step and saved state, and changes nothing.
   */
  feeds?(step: StepInfo): HostFeeds<Feeds>;
  /** The whole model, in tfjs. */
  forward(inputs: NamedTensors, step: StepContext, feeds: TensorsNamed<Feeds>): ForwardState;
  /** Names of scalars among the intermediates of a training pass that are recorded, such as an entropy of gates. */
  readonly logged?: readonly string[] | undefined;
  /** What it learns of how tasks are related; `trainer.inspect` passes it on. */
  readonly relations?: readonly TaskRelation[] | undefined;
  /** Where heads see the shared representation turned, which a balancing may learn. */
  readonly rotations?: Rotations | undefined;
  /** Terms of its own: load balance, entropy of gates, orthogonality, distances between columns. Core disposes of them. */
  readonly auxiliary?: readonly AuxiliaryTerm[];
}

/** Decides what the tasks share. */
export interface SharingStrategy extends Description<'sharing'> {
  bind(context: SharingContext): BoundSharing;
}

/** Makes a {@link SharingStrategy}. */
export function defineSharing<Feeds extends string = string, Saved extends State = State>(
  sharing: Omit<DescriptionInput<SharingStrategy>, 'bind'> & {
    bind(context: SharingContext): BoundSharing<Feeds, Saved>;
  },
): SharingStrategy {
  return definePart<SharingStrategy>('sharing', sharing as DescriptionInput<SharingStrategy>);
}
