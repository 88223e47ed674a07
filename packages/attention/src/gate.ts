import {
  type BuildScope,
  buildDense,
  buildEncoder,
  buildFlatten,
  type Encoder,
  type InputSpec,
  type InputSpecs,
  type NamedTensors,
  optional,
  PolytaskError,
  part,
  type StepContext,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';

/** The option `gate` of what is gated by its inputs. */
export const gateOption = optional(
  part('encoder'),
  'Layers of every gate before its last, linear one, such as `mlp([16])`; `tabular()` where inputs hold category ids.',
  'none: gates are linear in the flattened inputs',
);

/** A gate whose variables exist. */
export interface BuiltGate {
  /** Inputs `[rows, ...]` by name → logits `[rows, outputs]`. */
  apply(inputs: NamedTensors, step: StepContext): tf.Tensor;
}

/**
 * The logits of a gate: a linear layer over all inputs, each flattened, side by side; or over what an encoder makes of
 * them.
 *
 * @param scope The gate's own: `kernel`, `bias`, and the encoder's stages.
 * @throws `POLYTASK_ENCODER_INPUT` for category ids without an encoder; what the encoder throws.
 */
export function buildGate(scope: BuildScope, inputs: InputSpecs, outputs: number, encoder?: Encoder): BuiltGate {
  const read = readInputs(scope, inputs, encoder);
  const layer = buildDense(scope, read.output, outputs);
  return { apply: (tensors, step) => layer.apply(read.apply(tensors, step), step) };
}

/** What one row becomes, and how. */
export interface Reader extends BuiltGate {
  readonly output: InputSpec;
}

/** All inputs as one vector per row, by an encoder where there is one; `option` is what its option is called. */
export function readInputs(scope: BuildScope, inputs: InputSpecs, encoder?: Encoder, option = 'gate'): Reader {
  if (encoder === undefined) return sideBySide(inputs, option);
  const stages = buildEncoder(encoder, scope, inputs);
  const flat = buildFlatten(stages.output);
  return { output: flat.output, apply: (tensors, step) => flat.apply(stages.apply(tensors, step), step) };
}

/** All inputs as they are, each flattened. */
function sideBySide(inputs: InputSpecs, option: string): Reader {
  const layers = Object.entries(inputs).map(([name, input]) => {
    if (input.categories !== undefined || input.vocabulary !== undefined) {
      throw new PolytaskError(
        'POLYTASK_ENCODER_INPUT',
        `A gate takes numbers, but input \`${name}\` holds category ids. Give gates an encoder that embeds them: \`${option}: tabular()\`.`,
        { option },
      );
    }
    return [name, buildFlatten(input)] as const;
  });
  const width = layers.reduce((sum, [, { output }]) => sum + (output.shape[0] as number), 0);
  return {
    output: { shape: [width], dtype: 'float32' },
    apply(tensors, step) {
      const parts = layers.map(([name, layer]) => layer.apply(tensors[name] as tf.Tensor, step));
      return parts.length === 1 ? (parts[0] as tf.Tensor) : tf.concat(parts, 1);
    },
  };
}
