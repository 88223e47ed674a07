import * as tf from '@tensorflow/tfjs';
import type { InputSpec, InputSpecs } from '../contracts/batch.js';
import type { Encoder, Stage } from '../contracts/encoder.js';
import { requireOption } from '../errors/invalid-option-error.js';
import { PolytaskError } from '../errors/polytask-error.js';
import { UnknownNameError } from '../errors/unknown-name-error.js';
import { buildFlatten } from '../layers/flatten.js';
import { type BuiltLayer, chainLayers } from '../layers/layer.js';
import { describePart, withArguments } from '../options/describe-part.js';
import { extend, type OptionsOf, required, withDefault } from '../options/option.js';
import { byName, choice, either, list, mapping, part, text } from '../options/takes.js';
import { buildEncoder } from './build-encoder.js';
import { denseOptions, denseStages, moreUnits } from './mlp.js';

const column = mapping({
  inputs: required(list(text('an input'), { least: 1, what: 'a list of input names, at least one' }), 'What it gets.'),
  encoder: required(part('encoder'), 'Its encoder.'),
});

const columns = byName(
  either([part('encoder'), column], 'an encoder, or { inputs, encoder }'),
  'encoders by the name of their input',
);

const options = extend(
  extend(
    { combine: withDefault(choice('concat', 'sum', 'mean'), 'concat', "How the columns' features become one.") },
    moreUnits,
  ),
  denseOptions,
);

/** One column of {@link fusion}: an encoder and the names of the inputs that it gets. */
export interface FusionColumn {
  readonly inputs: readonly string[];
  readonly encoder: Encoder;
}

/** Options of {@link fusion}. */
export type FusionOptions = OptionsOf<typeof options>;

type NamedColumn = FusionColumn & { readonly name: string };

const fused = describePart('encoder', {
  name: 'fusion',
  summary: 'An encoder per input, put together.',
  cites: [
    {
      authors: 'J. Ngiam, A. Khosla, M. Kim, J. Nam, H. Lee and A. Y. Ng',
      title: 'Multimodal deep learning',
      venue: 'ICML',
      year: 2011,
      url: 'https://icml.cc/2011/papers/399_icmlpaper.pdf',
      note: 'An encoder per input, features joined.',
    },
  ],
  options: extend(
    { columns: required(columns, 'By input: its encoder; or by any name: `{ inputs: [names], encoder }`.') },
    options,
  ),
  make({ columns: given, combine, units, ...dense }) {
    requireOption(Object.keys(given).length > 0, 'columns', 'a record of at least one encoder', given);
    const all = Object.entries(given).map(([name, one]) => namedColumn(name, one));
    return {
      stages(inputs) {
        requireInputs(inputs, all);
        return [fuseStage(all, combine), ...denseStages(units, dense)];
      },
    };
  },
});

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
 * @throws `POLYTASK_INVALID_OPTION` for no columns, no encoders, an unknown `combine`, and as {@link mlp}.
 * @throws `POLYTASK_UNKNOWN_NAME` for names that are no inputs; `POLYTASK_ENCODER_INPUT` for inputs that no column takes;
 * `POLYTASK_FUSION_SHAPES` for features that do not go together.
 * @example
 * ```ts
 * import { convNet, fusion, mlp } from '@polytask/core';
 *
 * const encoder = fusion({ image: convNet(), table: mlp([32]) }, { units: [64] });
 * const stages = encoder.stages({ image: { shape: [28, 28], dtype: 'float32' }, table: { shape: [6], dtype: 'float32' } });
 * stages.map((stage) => stage.name); // => ['fuse', 'dense0']
 * ```
 */
export const fusion = withArguments(
  fused,
  (given: { readonly [name: string]: Encoder | FusionColumn }, more?: FusionOptions) => ({ ...more, columns: given }),
);

function namedColumn(name: string, column: Encoder | FusionColumn): NamedColumn {
  return 'encoder' in column ? { name, ...column } : { name, inputs: [name], encoder: column };
}

function requireInputs(inputs: InputSpecs, columns: readonly NamedColumn[]): void {
  const names = Object.keys(inputs);
  const used = columns.flatMap((column) => column.inputs);
  for (const name of used) if (!names.includes(name)) throw new UnknownNameError('input', name, names, 'columns');
  const unused = names.filter((name) => !used.includes(name));
  if (unused.length === 0) return;
  throw new PolytaskError(
    'POLYTASK_ENCODER_INPUT',
    `Encoder \`fusion\` got inputs that no column takes: ${unused.map((name) => `\`${name}\``).join(', ')}. ` +
      'Add a column for them, or leave them out of the tasks: `inputs: [...]`.',
    { option: 'columns' },
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
      { option: 'columns' },
    );
  }
  if (combine !== 'concat') return [...first];
  return [...first.slice(0, -1), shapes.reduce((sum, shape) => sum + (shape.at(-1) as number), 0)];
}
