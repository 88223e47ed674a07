import * as tf from '@tensorflow/tfjs';
import type { InputSpecs } from '../contracts/batch.js';
import type { Encoder } from '../contracts/encoder.js';
import type { BuildScope } from '../contracts/parameters.js';
import { InvalidOptionError } from '../errors/invalid-option-error.js';
import { PolytaskError } from '../errors/polytask-error.js';
import { ShapeMismatchError } from '../errors/shape-mismatch-error.js';
import { UnknownNameError } from '../errors/unknown-name-error.js';
import { describePart, withArguments } from '../options/describe-part.js';
import { extend, type OptionsOf, optional, required } from '../options/option.js';
import { code, text } from '../options/takes.js';
import { requireRepeatable } from './repeatable-layers.js';

type Model = tf.LayersModel | (() => tf.LayersModel);

const model = code<Model>(
  'a tf.LayersModel (await it first), or a function that returns one',
  (value) => typeof value === 'function' || isLayersModel(value),
);

/** The option of which layer gives the features. */
export const outputOption = {
  output: optional(text('the name of a layer'), 'Layer to take features from.', "the model's output"),
};

/** Options of {@link layersModel}. */
export type LayersModelOptions = OptionsOf<typeof outputOption>;

const wrapped = describePart('encoder', {
  name: 'layers-model',
  summary: "A model of tfjs' layers API.",
  options: extend(
    {
      model: required(
        model,
        'A function that makes the model, once for every copy; or the model, which can be built once only.',
      ),
    },
    outputOption,
  ),
  make: ({ model: given, output }) => modelStages(given, output),
});

/** What an encoder of such a model is made of. */
export function modelStages(given: Model, output: string | undefined): Pick<Encoder, 'stages' | 'model'> {
  let built = false;
  return {
    ...(typeof given !== 'function' && { model: () => withOutput(given, output) }),
    stages: () => [
      {
        name: 'model',
        build(scope, inputs) {
          if (built && typeof given !== 'function') {
            throw new PolytaskError(
              'POLYTASK_MODEL_BUILT_TWICE',
              `The model given to \`layersModel\` has been built already; \`${scope.path}\` would share its weights without ` +
                'saying so. Give a function that makes the model: `layersModel(() => ...)`.',
            );
          }
          built = true;
          const whole = makeModel(given, scope);
          const features = withOutput(whole, output);
          requireRepeatable(features);
          const select = matchInputs(features, inputs);
          // What a factory made is nobody else's: core owns what it uses, and the rest goes at once.
          const owned = typeof given === 'function';
          adoptWeights(features, scope, owned);
          if (owned) disposeUnused(whole, features);
          return {
            output: { shape: outputShape(features), dtype: 'float32' },
            apply: (tensors, step) => features.apply(select(tensors), { training: step.training }) as tf.Tensor,
          };
        },
      },
    ],
  };
}

/**
 * A model of tfjs' layers API as an encoder with one stage, `model`.
 *
 * $$h = \text{model}(x;\ \theta)$$
 *
 * where θ are the model's weights, registered as `<n>-<layer class>/<weight>`, n counting the layers that have weights: tfjs'
 * own names count up per process. What the model has marked as not trainable stays so.
 *
 * Shapes: those of the model, with the batch first; a single input is matched by place, several by name.
 *
 * @remarks A factory is called once for every copy that a sharing strategy builds, and while it runs, `Math.random` is the scope's
 * seeded stream: tfjs' initialisers draw from it, so the same seed gives the same weights. A model that exists already (loaded,
 * or pretrained) can be built once only, keeps the weights it has, and stays yours to dispose of.
 * @throws `POLYTASK_INVALID_OPTION` for anything else, such as a promise.
 * @throws `POLYTASK_RANDOM_LAYER` for layers that draw numbers of their own or remember earlier batches, by name.
 * @throws `POLYTASK_MODEL_BUILT_TWICE` for a second copy of a ready-made model.
 * @throws `POLYTASK_SHAPE_MISMATCH`, `POLYTASK_UNKNOWN_NAME`, `POLYTASK_ENCODER_INPUT` where inputs or `output` do not fit.
 * @example
 * ```ts
 * import { layersModel } from '@polytask/core';
 * import * as tf from '@tensorflow/tfjs';
 *
 * const encoder = layersModel(() =>
 *   tf.sequential({ layers: [tf.layers.dense({ inputShape: [8], units: 16, activation: 'relu' })] }),
 * );
 * encoder.stages({ x: { shape: [8], dtype: 'float32' } }).map((stage) => stage.name); // => ['model']
 * ```
 */
export const layersModel = withArguments(wrapped, (given: Model, options?: LayersModelOptions) => ({
  ...options,
  model: given,
}));

/** Calls a factory with `Math.random` replaced, since tfjs' initialisers offer no other way to a seed for a whole model. */
function makeModel(model: Model, scope: BuildScope): tf.LayersModel {
  let made: unknown = model;
  if (typeof model === 'function') {
    const random = Math.random;
    Math.random = scope.uniform('initializers');
    try {
      made = model();
    } finally {
      Math.random = random;
    }
  }
  if (isLayersModel(made)) return made;
  const found = made instanceof Promise ? 'a promise' : made;
  throw new InvalidOptionError('model', 'a tf.LayersModel, or a function that returns one', found, 'Await it first.');
}

/** By its looks, since two copies of tfjs have two classes. */
function isLayersModel(value: unknown): value is tf.LayersModel {
  const fields = (value ?? {}) as Record<string, unknown>;
  return Array.isArray(fields.layers) && Array.isArray(fields.inputs) && typeof fields.apply === 'function';
}

function withOutput(model: tf.LayersModel, output: string | undefined): tf.LayersModel {
  if (output === undefined) return model;
  const layer = model.layers.find((candidate) => candidate.name === output);
  if (layer === undefined)
    throw new UnknownNameError(
      'layer',
      output,
      model.layers.map((candidate) => candidate.name),
      'output',
    );
  return tf.model({ inputs: model.inputs, outputs: layer.output });
}

/** Which tensors the model takes, in its order; checks shapes. */
function matchInputs(
  model: tf.LayersModel,
  inputs: InputSpecs,
): (tensors: { readonly [name: string]: tf.Tensor }) => tf.Tensor | tf.Tensor[] {
  const given = Object.keys(inputs);
  const wanted = model.inputs.length === 1 && given.length === 1 ? given : model.inputNames;
  const list = (names: readonly string[]) => names.map((name) => `\`${name}\``).join(', ') || 'none';
  if (wanted.length !== given.length || wanted.some((name) => !given.includes(name))) {
    throw new PolytaskError(
      'POLYTASK_ENCODER_INPUT',
      `The model given to \`layersModel\` takes the inputs ${list(model.inputNames)}, but got ${list(given)}. ` +
        "Name its inputs like the data's: `tf.input({ name, shape })`.",
    );
  }
  wanted.forEach((name, index) => {
    const required = (model.inputs[index] as tf.SymbolicTensor).shape.slice(1);
    const found = (inputs[name] as InputSpecs[string]).shape;
    if (
      required.length !== found.length ||
      required.some((length, axis) => length !== null && length !== found[axis])
    ) {
      throw new ShapeMismatchError(`Input \`${name}\` of the model given to \`layersModel\``, required, found);
    }
  });
  return (tensors) =>
    wanted.length === 1
      ? (tensors[wanted[0] as string] as tf.Tensor)
      : wanted.map((name) => tensors[name] as tf.Tensor);
}

function outputShape(model: tf.LayersModel): number[] {
  const shape = model.outputs.length === 1 ? (model.outputs[0] as tf.SymbolicTensor).shape.slice(1) : [null];
  if (shape.every((length) => length !== null)) return shape as number[];
  throw new PolytaskError(
    'POLYTASK_ENCODER_OUTPUT',
    `The model given to \`layersModel\` must have one output of fixed shape, but has ${model.outputs.length} of shape ` +
      `${JSON.stringify(model.outputs.map((output) => output.shape.slice(1)))}. Choose a layer by \`output\`, and give the ` +
      'lengths of its inputs.',
    { option: 'output' },
  );
}

/** Registers every weight under a path that depends on the model's structure alone. */
function adoptWeights(model: tf.LayersModel, scope: BuildScope, owned: boolean): void {
  const trainable = new Set(model.trainableWeights);
  model.layers
    .filter((layer) => layer.weights.length > 0)
    .forEach((layer, index) => {
      const layerScope = scope.child(`${index}-${layer.getClassName()}`);
      const overRows = normalisesRows(layer);
      const seen = new Map<string, number>();
      for (const weight of layer.weights) {
        const role = weight.originalName.split('/').at(-1) as string;
        const count = seen.get(role) ?? 0;
        seen.set(role, count + 1);
        const variable = weight.read() as tf.Variable;
        layerScope.adopt(count === 0 ? role : `${role}-${count}`, variable, {
          trainable: trainable.has(weight),
          owned,
          overRows: overRows && role.startsWith('moving_'),
        });
      }
    });
}

/** Whether a layer is BatchNorm of inputs that have nothing but rows and channels. */
function normalisesRows(layer: tf.layers.Layer): boolean {
  if (layer.getClassName() !== 'BatchNormalization') return false;
  const [input] = [layer.input].flat();
  return input?.shape.slice(1, -1).every((length) => length === 1) === true;
}

/** Weights of layers behind the output that was chosen. */
function disposeUnused(whole: tf.LayersModel, used: tf.LayersModel): void {
  const kept = new Set(used.layers);
  for (const layer of whole.layers) {
    if (kept.has(layer)) continue;
    for (const weight of layer.weights) (weight.read() as tf.Variable).dispose();
  }
}
