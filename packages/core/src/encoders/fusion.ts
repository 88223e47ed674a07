import * as tf from '@tensorflow/tfjs';
import type { InputSpec, InputSpecs } from '../contracts/batch.js';
import { isPart } from '../contracts/description.js';
import { defineEncoder, type Encoder, type Stage } from '../contracts/encoder.js';
import { requireOption } from '../errors/invalid-option-error.js';
import { PolytaskError } from '../errors/polytask-error.js';
import { UnknownNameError } from '../errors/unknown-name-error.js';
import { buildFlatten } from '../layers/flatten.js';
import { type BuiltLayer, chainLayers } from '../layers/layer.js';
import { buildEncoder } from './build-encoder.js';
import { describeOptions } from './describe-options.js';
import { denseStages, type MlpOptions, requireMlp } from './mlp.js';

/** One column of {@link fusion}: an encoder and the names of the inputs that it gets. */
export interface FusionColumn {
  readonly inputs: readonly string[];
  readonly encoder: Encoder;
}

/** Options of {@link fusion}. */
export interface FusionOptions extends MlpOptions {
  /** How the columns' features become one. Default `'concat'`, along the last axis. */
  readonly combine?: 'concat' | 'sum' | 'mean';
  /** Widths of dense layers that follow. Default none. */
  readonly units?: readonly number[];
}

type NamedColumn = FusionColumn & { readonly name: string };

/**
 * Several inputs, an encoder for each, made into one (multimodal) encoder:
 *
 * $$h_0 = \text{combine}\big(f_1(x_1), \dots, f_n(x_n)\big)$$
 *
 * where f_i are the columns' encoders. All columns together are the first stage, `fuse`; those of {@link mlp} follow where
 * `units` asks for them.
 *
 * Shapes: features of the columns `[rows, ..., d_i]` → `[rows, ..., Σ d_i]` under `'concat'`; `'sum'` and `'mean'` need equal
 * shapes and keep them.
 *
 * @param columns By name: an encoder of the input that has this name, or `{ inputs, encoder }`.
 * @throws `POLYTASK_INVALID_OPTION` for no columns, no encoders, an unknown `combine`, and as {@link mlp}.
 * @throws `POLYTASK_UNKNOWN_NAME` for names that are no inputs; `POLYTASK_ENCODER_INPUT` for inputs that no column takes;
 * `POLYTASK_FUSION_SHAPES` for features that do not go together.
 * @see J. Ngiam, A. Khosla, M. Kim, J. Nam, H. Lee and A. Y. Ng, "Multimodal deep learning", ICML 2011,
 * https://icml.cc/2011/papers/399_icmlpaper.pdf
 * @example
 * ```ts
 * import { convNet, fusion, mlp } from '@polytask/core';
 *
 * const encoder = fusion({ image: convNet(), table: mlp([32]) }, { units: [64] });
 * const stages = encoder.stages({ image: { shape: [28, 28], dtype: 'float32' }, table: { shape: [6], dtype: 'float32' } });
 * stages.map((stage) => stage.name); // => ['fuse', 'dense0']
 * ```
 */
export function fusion(
  columns: { readonly [name: string]: Encoder | FusionColumn },
  options: FusionOptions = {},
): Encoder {
  const { combine = 'concat', units = [] } = options;
  const known = ['concat', 'sum', 'mean'];
  requireOption(known.includes(combine), 'combine', `one of ${known.join(', ')}`, combine);
  requireMlp('units', units, options);
  requireOption(Object.keys(columns).length > 0, 'columns', 'a record of at least one encoder', columns);
  const list = Object.entries(columns).map(([name, column]) => namedColumn(name, column));
  return defineEncoder({
    name: 'fusion',
    options: describeOptions({ columns, ...options }),
    stages(inputs) {
      requireInputs(inputs, list);
      return [fuseStage(list, combine), ...denseStages(units, options)];
    },
  });
}

function namedColumn(name: string, column: Encoder | FusionColumn): NamedColumn {
  if (isPart(column, 'encoder')) return { name, inputs: [name], encoder: column as Encoder };
  const { inputs, encoder } = column as FusionColumn;
  const valid = isPart(encoder, 'encoder') && Array.isArray(inputs) && inputs.length > 0;
  requireOption(valid, `columns.${name}`, 'an encoder, or { inputs: [names], encoder }', column);
  return { name, inputs, encoder };
}

function requireInputs(inputs: InputSpecs, columns: readonly NamedColumn[]): void {
  const names = Object.keys(inputs);
  const used = columns.flatMap((column) => column.inputs);
  for (const name of used) if (!names.includes(name)) throw new UnknownNameError('input', name, names);
  const unused = names.filter((name) => !used.includes(name));
  if (unused.length === 0) return;
  throw new PolytaskError(
    'POLYTASK_ENCODER_INPUT',
    `Encoder \`fusion\` got inputs that no column takes: ${unused.map((name) => `\`${name}\``).join(', ')}. ` +
      'Add a column for them, or leave them out of the tasks: `inputs: [...]`.',
  );
}

function fuseStage(columns: readonly NamedColumn[], combine: 'concat' | 'sum' | 'mean'): Stage {
  return {
    name: 'fuse',
    build(scope, inputs) {
      const built = columns.map((column) => {
        const specs = Object.fromEntries(column.inputs.map((name) => [name, inputs[name] as InputSpec]));
        return buildEncoder(column.encoder, scope.child(column.name), specs);
      });
      // A single number per row is a vector of length 1.
      const vectors = built.map(({ output }) => chainLayers(output, [output.shape.length === 0 && buildFlatten]));
      const shape = combinedShape(columns, vectors, combine);
      return {
        output: { shape, dtype: 'float32' },
        apply(tensors, step) {
          const parts = built.map((column, index) =>
            (vectors[index] as BuiltLayer).apply(column.apply(tensors, step), step),
          );
          if (parts.length === 1) return parts[0] as tf.Tensor;
          if (combine === 'concat') return tf.concat(parts, -1);
          return combine === 'sum' ? tf.addN(parts) : tf.mul(tf.addN(parts), 1 / parts.length);
        },
      };
    },
  };
}

function combinedShape(columns: readonly NamedColumn[], layers: readonly BuiltLayer[], combine: string): number[] {
  const shapes = layers.map((layer) => layer.output.shape);
  const first = shapes[0] as readonly number[];
  // Lengths that have to agree: all under sum and mean, all but the last under concat.
  const fixed = (shape: readonly number[]) => [shape.length, ...(combine === 'concat' ? shape.slice(0, -1) : shape)];
  if (shapes.some((shape) => String(fixed(shape)) !== String(fixed(first)))) {
    const found = columns.map(({ name }, index) => `\`${name}\` [${shapes[index]?.join(', ')}]`).join(', ');
    throw new PolytaskError(
      'POLYTASK_FUSION_SHAPES',
      combine === 'concat'
        ? `Features to concatenate must agree in all lengths but the last, but are ${found}. ` +
            'Let every column end in a dense layer, which gives vectors.'
        : `Features to combine by ${combine} must have equal shapes, but are ${found}. ` +
            "Let every column end in a layer of the same width, or use combine: 'concat'.",
    );
  }
  if (combine !== 'concat') return [...first];
  return [...first.slice(0, -1), shapes.reduce((sum, shape) => sum + (shape.at(-1) as number), 0)];
}
