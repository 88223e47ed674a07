import {
  type BuildScope,
  buildHeads,
  buildTaskInputs,
  code,
  describePart,
  type Encoder,
  headOption,
  heUniform,
  type InputSpec,
  InvalidOptionError,
  isPart,
  number,
  type OptionsOf,
  required,
  ShapeMismatchError,
  taskRelation,
  whole,
  withDefault,
  zerosInitializer,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';

const options = {
  model: required(
    code<tf.LayersModel | Encoder>(
      'a tf.LayersModel (await it first), or an encoder of one that exists',
      (value) => isLayersModel(value) || (isPart(value, 'encoder') && 'model' in value),
      'encoder',
    ),
    'The trunk, trained before; its weights stay as they are. In run files: `layers-model`.',
  ),
  rank: withDefault(whole({ from: 1 }), 8, 'Width of what is added to each dense layer, r.', 'paper'),
  ups: withDefault(whole({ from: 1 }), 3, 'Ways up from there, of which each task has a mixture, n.', 'our own'),
  alpha: withDefault(number({ above: 0 }), 16, 'What is added is multiplied by α / r.', 'our own'),
  temperature: withDefault(number({ above: 0 }), 0.5, 'Of the softmax of the mixture, τ.', 'our own'),
  head: headOption,
};

/** Options of {@link mtlLora}. */
export type MtlLoraOptions = OptionsOf<typeof options>;

/**
 * Low-rank adaptation of a pretrained network for several tasks: its weights are frozen, and every dense layer gets a
 * small addition, part of which all tasks share.
 *
 * $$ y_t = x W + b + \frac{\alpha}{r} \sum_{i=1}^{n} \text{softmax}(w_t / \tau)_i\; x A\, \Lambda_t B_i $$
 *
 * where
 * - W, b are the layer's own (`frozen/<l>-Dense/...`), which nothing moves;
 * - A `[inputs, r]` and B `[n, r, outputs]` are used by all tasks (`lora/<l>/down`, `lora/<l>/ups`); B is 0 at first,
 *   so that the start is the pretrained network;
 * - Λ_t `[r, r]`, at first the identity, and w_t `[n]`, at first 0, are task t's (`lora/<l>/<task>/turn`,
 *   `lora/<l>/<task>/mixture`).
 *
 * `trainer.inspect` gives the mixtures as `intermediates['lora/<l>/<task>']`, `[n]`.
 *
 * Shapes: those of the model, `[rows, ...]` → features `[rows, ...]` by task → outputs as each task declares them.
 *
 * @remarks A run file names the model by the file that tfjs saved: `model: { use: layers-model, file: model/model.json }`, with `output`
 * for the layer to take features from. l counts all layers of the model; layers that are not dense are applied as they are in prediction, without
 * dropout and with the averages of BatchNorm. Each task goes through the model by itself. The model stays yours to
 * dispose of; since nothing moves it, runs may share it. Models that branch are refused.
 * @throws `POLYTASK_INVALID_OPTION` for what is no `tf.LayersModel`, or one whose layers are not one chain with a dense
 * layer among them; `POLYTASK_SHAPE_MISMATCH` for inputs of another shape; `POLYTASK_TASK_INPUTS` where tasks read
 * inputs of different shapes.
 * @example
 * ```ts
 * import { mtlLora } from '@polytask/attention';
 * import * as tf from '@tensorflow/tfjs';
 *
 * const pretrained = tf.sequential({ layers: [tf.layers.dense({ inputShape: [8], units: 16, activation: 'relu' })] });
 * mtlLora({ model: pretrained, rank: 4 }).name; // => 'mtl-lora'
 * ```
 */
export const mtlLora = /* @__PURE__ */ describePart('sharing', {
  name: 'mtl-lora',
  summary:
    'Adapts a pretrained network to several tasks: its weights are frozen, its dense layers get low-rank additions.',
  cites: [
    {
      authors:
        'Y. Yang, D. Muhtar, Y. Shen, Y. Zhan, J. Liu, Y. Wang, H. Sun, W. Deng, F. Sun, Q. Zhang, W. Chen and Y. Tong',
      title: 'MTL-LoRA: low-rank adaptation for multi-task learning',
      venue: 'AAAI',
      year: 2025,
      url: 'https://arxiv.org/abs/2410.09437',
    },
  ],
  options,
  make: ({ model: trained, head, ...given }) => ({
    bind({ tasks, inputs, scope }) {
      const model = modelOf(trained);
      const names = tasks.map(({ name }) => name);
      const { specs, sources } = buildTaskInputs(scope, tasks, inputs);
      const layers = chainOf(model);
      requireInput(model, specs);
      const built = layers.map((layer, index) => {
        freeze(scope.child('frozen').child(`${index}-${layer.getClassName()}`), layer);
        return isDense(layer)
          ? adapted(scope.child('lora').child(`${index}`), layer, names, given)
          : (x: tf.Tensor) => layer.apply(x, { training: false }) as tf.Tensor;
      });
      const output: InputSpec = { shape: lengths(model.outputs[0]?.shape), dtype: 'float32' };
      const heads = buildHeads(scope, tasks, output, head);
      return {
        relations: layers.flatMap((layer, index) =>
          isDense(layer) ? [taskRelation(`lora/${index}`, 'places', names)] : [],
        ),
        forward(x, step) {
          const features: Record<string, tf.Tensor> = {};
          const intermediates: Record<string, tf.Tensor> = {};
          for (const source of sources) {
            const [first] = Object.values(source.select(x, step));
            for (const task of source.tasks) {
              features[task] = built.reduce((seen, layer) => layer(seen, task, intermediates), first as tf.Tensor);
            }
          }
          return heads.apply(features, step, { intermediates });
        },
      };
    },
  }),
});

function modelOf(given: tf.LayersModel | Encoder): tf.LayersModel {
  return isLayersModel(given) ? given : (given.model as () => tf.LayersModel)();
}

/** By its looks, since two copies of tfjs have two classes. */
function isLayersModel(value: unknown): value is tf.LayersModel {
  const { layers, inputs, apply } = (value ?? {}) as Record<string, unknown>;
  return Array.isArray(layers) && Array.isArray(inputs) && typeof apply === 'function';
}

const isDense = (layer: tf.layers.Layer) => layer.getClassName() === 'Dense';

/** The layers of a model in which each takes what the one before gives. */
function chainOf(model: tf.LayersModel): readonly tf.layers.Layer[] {
  const layers = model.layers.filter((layer) => layer.getClassName() !== 'InputLayer');
  let before: unknown = model.inputs[0];
  const chained = layers.every((layer) => {
    const fits = layer.input === before;
    before = layer.output;
    return fits;
  });
  if (model.inputs.length === 1 && chained && before === model.outputs[0] && layers.some(isDense)) return layers;
  const found = layers.map((layer) => layer.name).join(', ');
  const required = 'a model whose layers are one chain from its input to its output, with a dense layer among them';
  throw new InvalidOptionError('model', required, found);
}

function lengths(shape: readonly (number | null)[] | undefined): number[] {
  const row = (shape ?? []).slice(1);
  if (row.every((length) => length !== null)) return row as number[];
  throw new InvalidOptionError('model', 'a model whose input and output have fixed lengths', JSON.stringify(shape));
}

function requireInput(model: tf.LayersModel, specs: { readonly [name: string]: InputSpec }): void {
  const wanted = lengths(model.inputs[0]?.shape);
  const given = Object.entries(specs);
  const [name = '', { shape = [] } = {}] = given[0] ?? [];
  if (given.length > 1) {
    const found = given.map(([one]) => one);
    throw new InvalidOptionError(
      'model',
      'a model of as many inputs as tasks read, one',
      found,
      'Name it in the tasks.',
    );
  }
  if (shape.join() !== wanted.join()) {
    throw new ShapeMismatchError(`Input \`${name}\` of the model given to \`mtlLora\``, wanted, shape);
  }
}

function freeze(place: BuildScope, layer: tf.layers.Layer): void {
  for (const weight of layer.weights) {
    const role = weight.originalName.split('/').at(-1) as string;
    place.adopt(role, weight.read() as tf.Variable, { trainable: false });
  }
}

type TaskLayer = (x: tf.Tensor, task: string, found: Record<string, tf.Tensor>) => tf.Tensor;

interface LoraOptions {
  readonly rank: number;
  readonly ups: number;
  readonly alpha: number;
  readonly temperature: number;
}

/** A dense layer with its addition. */
function adapted(
  place: BuildScope,
  layer: tf.layers.Layer,
  tasks: readonly string[],
  { rank, ups, alpha, temperature }: LoraOptions,
): TaskLayer {
  const [kernel, bias] = layer.weights.map((weight) => weight.read() as tf.Variable);
  const [width, units] = (kernel as tf.Variable).shape as [number, number];
  const activation = tf.layers.activation({ activation: layer.getConfig().activation as 'relu' });
  const down = place.variable('down', [width, rank], heUniform) as tf.Tensor2D;
  const up = place.variable('ups', [ups, rank, units], zerosInitializer);
  const own = new Map(
    tasks.map((task) => {
      const mine = place.child(task, { usedBy: [task] });
      const turn = mine.variable('turn', [rank, rank], identity) as tf.Tensor2D;
      return [task, { turn, mixture: mine.variable('mixture', [ups], zerosInitializer) }] as const;
    }),
  );
  return (x, task, found) => {
    const { turn, mixture } = own.get(task) as NonNullable<ReturnType<typeof own.get>>;
    const shares = tf.softmax(tf.div(mixture, temperature));
    found[`${place.path}/${task}`] = shares;
    const mixed = tf.matMul(tf.reshape(shares, [1, ups]) as tf.Tensor2D, tf.reshape(up, [ups, -1]) as tf.Tensor2D);
    const rows = tf.reshape(x, [-1, width]) as tf.Tensor2D;
    const added = tf.matMul(tf.matMul(tf.matMul(rows, down), turn), tf.reshape(mixed, [rank, units]) as tf.Tensor2D);
    const plain = tf.matMul(rows, kernel as tf.Tensor2D);
    const sum = tf.add(bias === undefined ? plain : tf.add(plain, bias), tf.mul(added, alpha / rank));
    return activation.apply(tf.reshape(sum, [...x.shape.slice(0, -1), units])) as tf.Tensor;
  };
}

const identity = ([n = 0]: readonly number[]) =>
  Float32Array.from({ length: n * n }, (_, at) => (at % (n + 1) === 0 ? 1 : 0));
