import type { Program } from '../contracts/executor.js';
import type { Optimizer } from '../contracts/optimizer.js';
import type { Segment } from '../contracts/parameters.js';
import type { TaskConstants } from '../contracts/task.js';
import type { Model } from '../model/multi-task-model.js';
import { checkUse } from './check-use.js';
import { createForwardPass, type ForwardPass } from './forward-pass.js';

/** All that the programs of one run are made from. */
export interface ProgramParts {
  readonly model: Model;
  readonly optimizer: Optimizer;
  readonly constants: { readonly [task: string]: TaskConstants };
  readonly forward: ForwardPass;
  /** See {@link checkUse}; for programs that begin with the forward pass. */
  readonly check: NonNullable<Program['check']>;
  /** The leading segments of the layout, which more than one task uses; and all others. */
  readonly shared: readonly Segment[];
  readonly rest: readonly Segment[];
  /** Gives the same program for the same key: an executor keeps what it compiled from the object. */
  once(key: string, make: () => Program): Program;
}

/** Sorts out what programs need. */
export function programParts(
  model: Model,
  optimizer: Optimizer,
  constants: { readonly [task: string]: TaskConstants },
): ProgramParts {
  const { segments, sharedSize } = model.layout;
  const made = new Map<string, Program>();
  const forward = createForwardPass(model, constants);
  return {
    model,
    optimizer,
    constants,
    forward,
    check: checkUse(model, forward),
    shared: segments.filter((segment) => segment.offset < sharedSize),
    rest: segments.filter((segment) => segment.offset >= sharedSize),
    once(key, make) {
      const program = made.get(key) ?? make();
      made.set(key, program);
      return program;
    },
  };
}

/** The variables of segments, in order. */
export function variablesOf(segments: readonly Segment[]) {
  return segments.map(({ variable }) => variable);
}
