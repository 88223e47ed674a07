import {
  type BuildScope,
  type BuiltStages,
  buildStages,
  type Encoder,
  type InputSpec,
  type InputSpecs,
  InvalidOptionError,
  type Stage,
} from '@polytask/core';

/** A stage of a trunk whose variables exist. */
export interface TrunkStage {
  readonly recipe: Stage;
  /** What it was built on, and what earlier stages give it to take besides. */
  readonly inputs: InputSpecs;
  readonly carried: InputSpecs;
  readonly built: BuiltStages;
  readonly output: InputSpec;
}

/**
 * An encoder stage by stage, for strategies that do something of a task's own after each; `scope` gets a child for
 * every stage.
 *
 * @throws `POLYTASK_INVALID_OPTION` for an encoder without stages.
 */
export function buildTrunk(encoder: Encoder, scope: BuildScope, specs: InputSpecs): readonly TrunkStage[] {
  const stages: TrunkStage[] = [];
  let inputs = specs;
  let carried: InputSpecs = {};
  for (const recipe of encoder.stages(specs)) {
    const built = buildStages([recipe], scope, inputs, carried);
    stages.push({ recipe, inputs, carried, built, output: built.output });
    inputs = { features: built.output };
    carried = built.carried;
  }
  if (stages.length === 0) throw new InvalidOptionError('encoder', 'an encoder with at least one stage', encoder.name);
  return stages;
}
