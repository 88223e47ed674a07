import * as tf from '@tensorflow/tfjs';
import type { InputSpecs } from '../contracts/batch.js';
import { defineEncoder, type Encoder, type Stage, type StepContext } from '../contracts/encoder.js';
import type { BuildScope } from '../contracts/parameters.js';
import { requireOption } from '../errors/invalid-option-error.js';
import { PolytaskError } from '../errors/polytask-error.js';
import { ShapeMismatchError } from '../errors/shape-mismatch-error.js';
import { UnknownNameError } from '../errors/unknown-name-error.js';
import { buildEmbedding } from '../layers/embedding.js';
import { buildFlatten } from '../layers/flatten.js';
import type { BuiltLayer } from '../layers/layer.js';
import { denseStages, type MlpOptions, requireMlp } from './mlp.js';

/** Options of {@link tabular}. */
export interface TabularOptions extends Omit<MlpOptions, 'flatten'> {
  /** Names of the inputs that hold numbers. Default: all without `categories`. */
  readonly numeric?: readonly string[];
  /** Names of the inputs that hold category ids. Default: all with `categories`. */
  readonly categorical?: readonly string[];
  /** Length of every category's vector. Default: min(50, ⌈categories / 2⌉) of the column, a rule of thumb from fast.ai. */
  readonly embeddingSize?: number;
  /** Widths of dense layers that follow. Default none. */
  readonly units?: readonly number[];
}

/**
 * Rows of a table: numbers as they are, category ids as learned vectors, side by side; then dense layers where asked for.
 *
 * $$h_0 = \big[\, x_1,\ \dots,\ x_n,\ E^{(1)}_{c_1},\ \dots,\ E^{(m)}_{c_m} \,\big]$$
 *
 * where x are the numeric columns and E^(j) is the table of categorical column j, `[categories, embeddingSize]`. The first stage
 * is `columns`; those of {@link mlp} follow.
 *
 * Shapes: numeric inputs `[rows, ...]`, categorical inputs int32 `[rows, columns]` or `[rows]` →
 * `[rows, numbers + Σ embeddingSize]`, or `[rows, units.at(-1)]`.
 *
 * @throws `POLYTASK_INVALID_OPTION` for widths, rates or activations that do not exist.
 * @throws `POLYTASK_UNKNOWN_NAME` for names that are no inputs; `POLYTASK_ENCODER_INPUT` for inputs that are not named, named
 * twice, or categorical without (numeric with) `categories`.
 * @throws `POLYTASK_SHAPE_MISMATCH` where an input has not one column per entry of its `categories`.
 * @see C. Guo and F. Berkhahn, "Entity embeddings of categorical variables", 2016, https://arxiv.org/abs/1604.06737
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
export function tabular(options: TabularOptions = {}): Encoder {
  const { units = [], embeddingSize } = options;
  requireMlp('units', units, options);
  const valid = embeddingSize === undefined || (Number.isInteger(embeddingSize) && embeddingSize > 0);
  requireOption(valid, 'embeddingSize', 'a positive whole number', embeddingSize);
  return defineEncoder({
    name: 'tabular',
    options: { ...options },
    stages(inputs) {
      const columns = columnsOf(inputs, options);
      return [columnStage(columns, embeddingSize), ...denseStages(units, options)];
    },
  });
}

interface Columns {
  readonly numeric: readonly string[];
  readonly categorical: readonly string[];
}

/** Which inputs hold what; every input must have its place. */
function columnsOf(inputs: InputSpecs, options: TabularOptions): Columns {
  const names = Object.keys(inputs);
  const hasCategories = (name: string) => inputs[name]?.categories !== undefined;
  const {
    numeric = names.filter((name) => !hasCategories(name)),
    categorical = names.filter((name) => hasCategories(name)),
  } = options;
  for (const name of [...numeric, ...categorical]) {
    if (!names.includes(name)) throw new UnknownNameError('input', name, names);
  }
  const complain = (name: string, problem: string): never => {
    throw new PolytaskError('POLYTASK_ENCODER_INPUT', `Encoder \`tabular\`: input \`${name}\` ${problem}`);
  };
  for (const name of names) {
    const places = [...numeric, ...categorical].filter((other) => other === name).length;
    if (places > 1) complain(name, 'is named twice; name it once, in `numeric` or in `categorical`.');
    if (places === 0) {
      complain(
        name,
        'is in neither `numeric` nor `categorical`. Add it, or leave it out of the tasks: `inputs: [...]`.',
      );
    }
    if (categorical.includes(name) && !hasCategories(name)) {
      complain(name, 'is categorical, but its spec does not say how many categories it has: `categories: [...]`.');
    }
    if (numeric.includes(name) && hasCategories(name)) complain(name, 'holds category ids, but is named in `numeric`.');
  }
  return { numeric, categorical };
}

/** Numbers and embeddings side by side. */
function columnStage({ numeric, categorical }: Columns, embeddingSize: number | undefined): Stage {
  return {
    name: 'columns',
    build(scope, inputs) {
      const layers = new Map<string, BuiltLayer>();
      for (const name of numeric) layers.set(name, buildFlatten(inputs[name] as never));
      for (const name of categorical) layers.set(name, buildColumns(scope, name, inputs, embeddingSize));
      const width = [...layers.values()].reduce((sum, layer) => sum + (layer.output.shape[0] as number), 0);
      return {
        output: { shape: [width], dtype: 'float32' },
        apply(tensors, step: StepContext) {
          const parts = [...layers].map(([name, layer]) => layer.apply(tensors[name] as tf.Tensor, step));
          return parts.length === 1 ? (parts[0] as tf.Tensor) : tf.concat(parts, 1);
        },
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
