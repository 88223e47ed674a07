import type * as tf from '@tensorflow/tfjs';
import type { InputSpec, InputSpecs } from '../contracts/batch.js';
import type { BuiltStage, Encoder, Stage, StepContext } from '../contracts/encoder.js';
import type { BuildScope } from '../contracts/parameters.js';
import type { NamedTensors } from '../contracts/tensors.js';
import { PolytaskError } from '../errors/polytask-error.js';

/** Stages whose variables exist, one after the other. */
export interface BuiltStages {
  /** Shape and dtype of one row of the features. */
  readonly output: InputSpec;
  /** Each stage by itself; the second and later ones take `{ features }`. */
  readonly stages: readonly BuiltStage[];
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
 * @throws `POLYTASK_ENCODER_INPUT` where there are no stages but several inputs.
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
export function buildStages(stages: readonly Stage[], scope: BuildScope, inputs: InputSpecs): BuiltStages {
  const built: BuiltStage[] = [];
  let specs = inputs;
  for (const stage of stages) {
    const next = stage.build(scope.child(stage.name), specs);
    built.push(next);
    specs = { features: next.output };
  }
  const names = Object.keys(specs);
  const output = specs[names[0] ?? ''];
  if (names.length !== 1 || output === undefined) {
    throw new PolytaskError(
      'POLYTASK_ENCODER_INPUT',
      `An encoder without stages passes on exactly one input, but got ${names.map((name) => `\`${name}\``).join(', ') || 'none'}.`,
    );
  }
  return {
    output,
    stages: built,
    apply(tensors, step) {
      let current = tensors;
      for (const stage of built) current = { features: stage.apply(current, step) };
      return Object.values(current)[0] as tf.Tensor;
    },
  };
}
