import type * as tf from '@tensorflow/tfjs';
import type { InputSpec, InputSpecs } from '../contracts/batch.js';
import type { Stage } from '../contracts/encoder.js';
import type { BuildScope } from '../contracts/parameters.js';
import { PolytaskError } from '../errors/polytask-error.js';
import type { BuiltLayer } from '../layers/layer.js';

/**
 * The single input of an encoder that takes one, with its name.
 *
 * @param inputs What the encoder got.
 * @param encoder Its name, for the error.
 * @throws `POLYTASK_ENCODER_INPUT` unless there is exactly one input, or where it holds category ids.
 * @example
 * ```ts
 * import { singleInput } from '@polytask/core';
 *
 * singleInput({ x: { shape: [8], dtype: 'float32' } }, 'my-encoder').name; // => 'x'
 * ```
 */
export function singleInput(inputs: InputSpecs, encoder: string): { name: string; input: InputSpec } {
  const entries = Object.entries(inputs);
  const [name, input] = entries[0] ?? [];
  if (name === undefined || input === undefined || entries.length > 1) {
    const found = entries.length === 0 ? 'none' : entries.map(([other]) => `\`${other}\``).join(', ');
    throw new PolytaskError(
      'POLYTASK_ENCODER_INPUT',
      `Encoder \`${encoder}\` takes exactly one input, but got ${found}. ` +
        'To use several, give each an encoder of its own: `fusion({ <input>: <encoder>, ... })`; ' +
        'to use some, name them in the tasks: `inputs: [...]`.',
    );
  }
  if (input.categories !== undefined) {
    throw new PolytaskError(
      'POLYTASK_ENCODER_INPUT',
      `Encoder \`${encoder}\` takes numbers, but input \`${name}\` holds category ids. Use \`tabular()\`, which embeds them.`,
    );
  }
  return { name, input };
}

/**
 * A stage made of layers over one tensor, whatever its name is.
 *
 * @param name Of the stage.
 * @param encoder Name of the encoder, for errors.
 * @param build Makes the layers in the stage's scope.
 * @throws When built, as {@link singleInput}.
 * @example
 * ```ts
 * import { buildDense, defineEncoder, layerStage } from '@polytask/core';
 *
 * const projection = (width: number) =>
 *   defineEncoder({
 *     name: 'projection',
 *     stages: () => [layerStage('project', 'projection', (scope, input) => buildDense(scope, input, width))],
 *   });
 * ```
 */
export function layerStage(
  name: string,
  encoder: string,
  build: (scope: BuildScope, input: InputSpec) => BuiltLayer,
): Stage {
  return {
    name,
    build(scope, inputs) {
      const only = singleInput(inputs, encoder);
      const layer = build(scope, only.input);
      return { output: layer.output, apply: (tensors, step) => layer.apply(tensors[only.name] as tf.Tensor, step) };
    },
  };
}
