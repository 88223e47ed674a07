import * as tf from '@tensorflow/tfjs';
import type { InputSpec, InputSpecs } from '../contracts/batch.js';
import type { NamedStage, Stage, StepContext } from '../contracts/encoder.js';
import type { BuildScope } from '../contracts/parameters.js';
import { PolytaskError } from '../errors/polytask-error.js';
import { ShapeMismatchError } from '../errors/shape-mismatch-error.js';
import { UnknownNameError } from '../errors/unknown-name-error.js';
import { buildEmbedding } from '../layers/embedding.js';
import { buildFlatten } from '../layers/flatten.js';
import type { BuiltLayer } from '../layers/layer.js';
import { describePart } from '../options/describe-part.js';
import { extend, type OptionsOf, optional, withDefault } from '../options/option.js';
import { list, number, text, whole } from '../options/takes.js';
import { denseStages, layerOptions, moreUnits } from './mlp.js';

const names = list(text('an input'), { what: 'a list of input names' });

const options = extend(
  extend(
    {
      numeric: optional(names, 'Inputs that hold numbers.', 'all without categories'),
      categorical: optional(names, 'Inputs that hold category ids.', 'all with categories'),
      embeddingSize: optional(
        whole({ from: 1 }),
        "Length of every category's vector.",
        'min(50, ⌈categories / 2⌉) of the column',
        'fast.ai',
      ),
    },
    {
      ...moreUnits,
      wide: withDefault(
        number({ from: 0 }),
        0,
        'Factor on the columns that heads see too, beside the last dense layer; the larger, the faster that linear part learns. 0: they do not.',
      ),
    },
  ),
  layerOptions,
);

/** Options of {@link tabular}. */
export type TabularOptions = OptionsOf<typeof options>;

/**
 * Rows of a table: numbers as they are, category ids as learned vectors, side by side; then dense layers where asked for.
 *
 * $$h_0 = \big[\, x_1,\ \dots,\ x_n,\ E^{(1)}_{c_1},\ \dots,\ E^{(m)}_{c_m} \,\big]$$
 *
 * where x are the numeric columns and E^(j) is the table of categorical column j, `[categories, embeddingSize]`. The first stage
 * is `columns`; those of {@link mlp} follow. With `wide` a last stage of this name puts the columns beside the last dense layer:
 *
 * $$h = \big[\, h_L,\ \text{wide} \cdot h_0 \,\big]$$
 *
 * so that a linear head has a linear model within it, which tables with few rows need.
 *
 * Shapes: numeric inputs `[rows, ...]`, categorical inputs int32 `[rows, columns]` or `[rows]` →
 * `[rows, numbers + Σ embeddingSize]`, or `[rows, units.at(-1)]`, with `wide` the sum of both widths.
 *
 * @remarks Adam moves a weight by about its rate in a step, whatever its gradient. So weights of columns would learn as slowly as those
 * of hidden units, of which there are more; times 2 or 4 they keep up (`npm run bench -- quality`).
 *
 * @throws `POLYTASK_INVALID_OPTION` for widths, rates or activations that do not exist.
 * @throws `POLYTASK_UNKNOWN_NAME` for names that are no inputs; `POLYTASK_ENCODER_INPUT` for inputs that are not named, named
 * twice, or categorical without (numeric with) `categories`.
 * @throws `POLYTASK_SHAPE_MISMATCH` where an input has not one column per entry of its `categories`.
 * @example
 * ```ts
 * import { tabular } from '@polytask/core';
 *
 * const stages = tabular({ units: [32] }).stages({
 *   weather: { shape: [4], dtype: 'float32' },
 *   station: { shape: [], dtype: 'int32', categories: [12] },
 * });
 * stages.map((stage) => stage.name); // => ['columns', 'dense0']
 * ```
 */
export const tabular = describePart('encoder', {
  name: 'tabular',
  summary: 'Numbers as they are and categories as learned vectors, then dense layers.',
  cites: [
    {
      authors: 'C. Guo and F. Berkhahn',
      title: 'Entity embeddings of categorical variables',
      venue: 'arXiv',
      year: 2016,
      url: 'https://arxiv.org/abs/1604.06737',
    },
    {
      authors: 'H.-T. Cheng et al.',
      title: 'Wide & deep learning for recommender systems',
      venue: 'DLRS',
      year: 2016,
      url: 'https://arxiv.org/abs/1606.07792',
      note: "`wide`. The paper's wide part sees crossed columns besides, has no factor, and an optimizer of its own.",
    },
  ],
  options,
  make: ({ numeric, categorical, embeddingSize, units, wide, ...dense }) => ({
    stages(inputs) {
      const columns = columnStage(columnsOf(inputs, { numeric, categorical }), embeddingSize);
      const layers = denseStages(units, dense);
      return [columns, ...layers, ...(wide > 0 && layers.length > 0 ? [wideStage(wide)] : [])];
    },
  }),
});

interface Columns {
  readonly numeric: readonly string[];
  readonly categorical: readonly string[];
}

/** Which inputs hold what; every input must have its place. */
function columnsOf(
  inputs: InputSpecs,
  options: { readonly [Key in keyof Columns]: readonly string[] | undefined },
): Columns {
  const names = Object.keys(inputs);
  const hasCategories = (name: string) => inputs[name]?.categories !== undefined;
  const {
    numeric = names.filter((name) => !hasCategories(name)),
    categorical = names.filter((name) => hasCategories(name)),
  } = options;
  for (const [option, given] of Object.entries({ numeric, categorical })) {
    for (const name of given) if (!names.includes(name)) throw new UnknownNameError('input', name, names, option);
  }
  const complain = (name: string, problem: string, option?: keyof Columns): never => {
    const message = `Encoder \`tabular\`: input \`${name}\` ${problem}`;
    throw new PolytaskError('POLYTASK_ENCODER_INPUT', message, { ...(option && { option }) });
  };
  for (const name of names) {
    const places = [...numeric, ...categorical].filter((other) => other === name).length;
    if (places > 1) complain(name, 'is named twice; name it once, in `numeric` or in `categorical`.', 'categorical');
    if (places === 0) {
      complain(
        name,
        'is in neither `numeric` nor `categorical`. Add it, or leave it out of the tasks: `inputs: [...]`.',
      );
    }
    if (categorical.includes(name) && !hasCategories(name)) {
      complain(
        name,
        'is categorical, but its spec does not say how many categories it has: `categories: [...]`.',
        'categorical',
      );
    }
    if (numeric.includes(name) && hasCategories(name))
      complain(name, 'holds category ids, but is named in `numeric`.', 'numeric');
  }
  return { numeric, categorical };
}

/** Numbers and embeddings side by side. */
function columnStage({ numeric, categorical }: Columns, embeddingSize: number | undefined): Stage {
  return {
    name: 'columns',
    build(scope, inputs): NamedStage {
      const layers = new Map<string, BuiltLayer>();
      for (const name of numeric) layers.set(name, buildFlatten(inputs[name] as never));
      for (const name of categorical) layers.set(name, buildColumns(scope, name, inputs, embeddingSize));
      const width = [...layers.values()].reduce((sum, layer) => sum + (layer.output.shape[0] as number), 0);
      const output = { shape: [width], dtype: 'float32' } as const;
      return {
        output,
        named: { columns: output },
        apply(tensors, step: StepContext) {
          const parts = [...layers].map(([name, layer]) => layer.apply(tensors[name] as tf.Tensor, step));
          const columns = parts.length === 1 ? (parts[0] as tf.Tensor) : tf.concat(parts, 1);
          return { features: columns, columns };
        },
      };
    },
  };
}

/** The last dense layer and the columns side by side. */
function wideStage(factor: number): Stage {
  return {
    name: 'wide',
    takes: ['columns'],
    build(_, { features, columns }) {
      const width = ((features as InputSpec).shape[0] as number) + ((columns as InputSpec).shape[0] as number);
      return {
        output: { shape: [width], dtype: 'float32' },
        apply: (given) => tf.concat([given.features as tf.Tensor, tf.mul(given.columns as tf.Tensor, factor)], 1),
      };
    },
  };
}

/** All categorical columns of one input. */
function buildColumns(scope: BuildScope, name: string, inputs: InputSpecs, embeddingSize?: number): BuiltLayer {
  const { shape, categories = [], dtype } = inputs[name] as InputSpecs[string];
  const count = shape.length === 0 ? 1 : shape[0];
  if (shape.length > 1 || count !== categories.length) {
    const required = `[${categories.length}], one column per entry of \`categories\``;
    throw new ShapeMismatchError(`Categorical input \`${name}\``, required, shape);
  }
  const embeddings = categories.map((number, column) => {
    const size = embeddingSize ?? Math.min(50, Math.ceil(number / 2));
    return buildEmbedding(scope.child(`${name}.${column}`), { shape: [], dtype }, number, size);
  });
  const width = embeddings.reduce((sum, embedding) => sum + (embedding.output.shape[0] as number), 0);
  return {
    output: { shape: [width], dtype: 'float32' },
    apply(x, step) {
      const columns = shape.length === 0 ? [x] : tf.unstack(x, 1);
      const vectors = embeddings.map((embedding, index) => embedding.apply(columns[index] as tf.Tensor, step));
      return vectors.length === 1 ? (vectors[0] as tf.Tensor) : tf.concat(vectors, 1);
    },
  };
}
