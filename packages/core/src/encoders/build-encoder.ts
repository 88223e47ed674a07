import type * as tf from '@tensorflow/tfjs';
import type { InputSpec, InputSpecs } from '../contracts/batch.js';
import type { BuiltStage, Encoder, NamedStage, Stage, StageOutputs, StepContext } from '../contracts/encoder.js';
import type { BuildScope } from '../contracts/parameters.js';
import type { NamedTensors } from '../contracts/tensors.js';
import { PolytaskError } from '../errors/polytask-error.js';
import { UnknownNameError } from '../errors/unknown-name-error.js';

/** One or more stages whose variables exist, as one step of a way through an encoder. */
export interface BuiltStep {
  /** Shape and dtype of one row of the features. */
  readonly output: InputSpec;
  /**
   * The features, and what later stages may take; `carried` has what earlier stages gave, of which these see what they take.
   *
   * @param inputs The encoder's inputs for the first stage, `{ features }` for a later one.
   */
  run(
    inputs: NamedTensors,
    step: StepContext,
    carried?: NamedTensors,
  ): { readonly features: tf.Tensor; readonly carried: NamedTensors };
}

/** Stages whose variables exist, one after the other. */
export interface BuiltStages extends BuiltStep {
  /** What stages after these may take: what these give by name, and what was carried to them. */
  readonly carried: InputSpecs;
  /** Each stage by itself, for strategies that do something between them. */
  readonly stages: readonly BuiltStep[];
  /** The features alone. */
  apply(inputs: NamedTensors, step: StepContext): tf.Tensor;
}

/**
 * Builds a whole encoder.
 *
 * Shapes: inputs `[rows, ...spec.shape]` by name → `[rows, ...output.shape]`.
 *
 * @param encoder The recipe.
 * @param scope Every stage gets a child of it, named like the stage; whose tasks use the variables is up to the scope.
 * @param inputs What the encoder's inputs look like.
 * @throws What the encoder throws for inputs that it cannot take.
 * @example
 * ```ts
 * import { buildEncoder, mlp, type BuildScope } from '@polytask/core';
 *
 * const column = (scope: BuildScope, task: string) =>
 *   buildEncoder(mlp([64, 32]), scope.child(task, { usedBy: [task] }), { x: { shape: [20], dtype: 'float32' } });
 * ```
 */
export function buildEncoder(encoder: Encoder, scope: BuildScope, inputs: InputSpecs): BuiltStages {
  return buildStages(encoder.stages(inputs), scope, inputs);
}

/**
 * Builds some neighbouring stages of an encoder, for a branch that goes its own way from there. A branch that starts after
 * the first stage takes `{ features }`; without stages the single input is passed on as it is.
 *
 * Shapes: inputs `[rows, ...spec.shape]` by name → `[rows, ...output.shape]`.
 *
 * @param stages A slice of `encoder.stages(inputs)`.
 * @param scope Every stage gets a child of it, named like the stage.
 * @param inputs What the first of these stages gets: the encoder's inputs, or `{ features }`.
 * @param carried What earlier stages give by name, as `BuiltStages.carried` of the trunk. Default nothing.
 * @throws `POLYTASK_ENCODER_INPUT` where there are no stages but several inputs; `POLYTASK_UNKNOWN_NAME` for a stage that takes what
 * no earlier one gives.
 * @example
 * ```ts
 * import { buildStages, mlp, type BuildScope, type InputSpecs } from '@polytask/core';
 *
 * const twoBranches = (scope: BuildScope, inputs: InputSpecs) => {
 *   const stages = mlp([64, 32]).stages(inputs);
 *   const trunk = buildStages(stages.slice(0, 1), scope.child('trunk'), inputs);
 *   return ['a', 'b'].map((task) =>
 *     buildStages(stages.slice(1), scope.child(task, { usedBy: [task] }), { features: trunk.output }),
 *   );
 * };
 * ```
 */
export function buildStages(
  stages: readonly Stage[],
  scope: BuildScope,
  inputs: InputSpecs,
  carried: InputSpecs = {},
): BuiltStages {
  const built: BuiltStep[] = [];
  let specs = inputs;
  let known = carried;
  for (const recipe of stages) {
    const { takes = [] } = recipe;
    for (const taken of takes) {
      const where = `output of the stages before \`${recipe.name}\``;
      if (!(taken in known)) throw new UnknownNameError(where, taken, Object.keys(known));
    }
    const stage = recipe.build(scope.child(recipe.name), { ...specs, ...pick(known, takes) });
    built.push(asStep(stage, takes));
    specs = { features: stage.output };
    if (stage.named !== undefined) known = { ...known, ...stage.named };
  }
  const names = Object.keys(specs);
  const output = specs[names[0] ?? ''];
  if (names.length !== 1 || output === undefined) {
    throw new PolytaskError(
      'POLYTASK_ENCODER_INPUT',
      `An encoder without stages passes on exactly one input, but got ${names.map((name) => `\`${name}\``).join(', ') || 'none'}.`,
    );
  }
  const run: BuiltStep['run'] = (tensors, step, before = {}) => {
    let current = tensors;
    let given = before;
    for (const stage of built) {
      const { features, carried: after } = stage.run(current, step, given);
      current = { features };
      given = after;
    }
    return { features: Object.values(current)[0] as tf.Tensor, carried: given };
  };
  return { output, carried: known, stages: built, apply: (tensors, step) => run(tensors, step).features, run };
}

function asStep(stage: BuiltStage | NamedStage, takes: readonly string[]): BuiltStep {
  return {
    output: stage.output,
    run(inputs, step, carried = {}) {
      const seen = takes.length === 0 ? inputs : { ...inputs, ...pick(carried, takes) };
      if (stage.named === undefined) return { features: stage.apply(seen, step), carried };
      const { features, ...named } = applyNamed(stage, seen, step);
      return { features, carried: { ...carried, ...named } };
    },
  };
}

/** Applies a stage that names outputs, and holds it to them. */
function applyNamed(stage: NamedStage, inputs: NamedTensors, step: StepContext): StageOutputs {
  const given = stage.apply(inputs, step);
  for (const name of ['features', ...Object.keys(stage.named)]) if (given[name] === undefined) missing(name);
  return given;
}

function missing(name: string): never {
  throw new PolytaskError(
    'POLYTASK_ENCODER_INPUT',
    `A stage must give everything that it names, but one gave no \`${name}\`. Return \`{ features, ... }\` from its \`apply\`.`,
  );
}

function pick<Value>(record: { readonly [name: string]: Value }, names: readonly string[]): { [name: string]: Value } {
  return Object.fromEntries(names.map((name) => [name, record[name] as Value]));
}
