import {
  type BuildScope,
  type BuiltHeads,
  type BuiltStages,
  buildHeads,
  buildStages,
  buildTaskInputs,
  type Encoder,
  type HeadOption,
  type InputSource,
  type InputSpec,
  type InputSpecs,
  InvalidOptionError,
  type SharingContext,
  type Stage,
} from '@polytask/core';

/** What a trunk with modules of tasks is made of. */
export interface TaskTrunkOptions {
  readonly encoder: Encoder;
  readonly head?: HeadOption | undefined;
  readonly adapters?: { readonly [task: string]: Encoder } | undefined;
}

/** A stage of a trunk whose variables exist. */
export interface TrunkStage {
  readonly recipe: Stage;
  /** What it was built on, and what earlier stages give it to take besides. */
  readonly inputs: InputSpecs;
  readonly carried: InputSpecs;
  readonly built: BuiltStages;
  readonly output: InputSpec;
}

/** A trunk for all tasks, of which every task has a module of its own after each stage. */
export interface TaskTrunk<Module> {
  readonly sources: readonly InputSource[];
  readonly stages: readonly (TrunkStage & { readonly modules: ReadonlyMap<string, Module> })[];
  readonly heads: BuiltHeads;
  /** `<title>/<task>/<stage>/mean`, for what is recorded of modules. */
  readonly logged: readonly string[];
}

/**
 * A trunk stage by stage at `trunk/<stage>`, a module for every task and stage at `<title>/<task>/<stage>`, used by that task only, and
 * heads on the features of the last stage.
 *
 * @param moduleOf Makes a module at its place; `first` for those after the first stage.
 * @throws `POLYTASK_INVALID_OPTION` for an encoder without stages; what the encoder throws.
 */
export function buildTaskTrunk<Module>(
  { tasks, inputs, scope }: SharingContext,
  { encoder, head, adapters }: TaskTrunkOptions,
  title: string,
  moduleOf: (place: BuildScope, stage: TrunkStage, first: boolean) => Module,
): TaskTrunk<Module> {
  const { specs, sources } = buildTaskInputs(scope, tasks, inputs, adapters);
  const trunk = buildTrunk(encoder, scope.child('trunk'), specs);
  const all = scope.child(title);
  const stages = trunk.map((stage, index) => {
    const modules = tasks.map(({ name }) => {
      const place = all.child(name, { usedBy: [name] }).child(stage.recipe.name);
      return [name, moduleOf(place, stage, index === 0)] as const;
    });
    return { ...stage, modules: new Map(modules) };
  });
  return {
    sources,
    stages,
    heads: buildHeads(scope, tasks, (trunk.at(-1) as TrunkStage).output, head),
    logged: tasks.flatMap(({ name }) => trunk.map(({ recipe }) => `${title}/${name}/${recipe.name}/mean`)),
  };
}

/** An encoder stage by stage; `scope` gets a child for every stage. */
function buildTrunk(encoder: Encoder, scope: BuildScope, specs: InputSpecs): readonly TrunkStage[] {
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
