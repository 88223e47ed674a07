import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { compile, float32 } from '../src/index.js';
import { numbers } from './run/training.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});
afterEach(() => tf.disposeVariables());

/** A model's layers take their first values from these, whatever tfjs drew. */
function fill(model: tf.LayersModel): void {
  tf.tidy(() => {
    const values = model.getWeights().map((weight, i) => {
      const data = numbers(weight.size, 20 + i).map((x) => 0.6 * x - 0.3);
      // A variance is positive.
      return tf.tensor(model.weights[i]?.name.includes('variance') ? data.map((x) => x + 1) : data, weight.shape);
    });
    model.setWeights(values);
  });
}

/** A step of a model under stock Adam, and what it has after some of them. */
async function run(makeModel: () => tf.LayersModel, steps: number, compiled: boolean) {
  const model = makeModel();
  fill(model);
  const [, ...inputShape] = (model.inputs[0] as tf.SymbolicTensor).shape as number[];
  const [, width] = (model.outputs[0] as tf.SymbolicTensor).shape as number[];
  const optimizer = tf.train.adam(0.01);
  const weights = model.trainableWeights.map((weight) => (weight as unknown as { val: tf.Variable }).val);
  const fn = ({ x, y }: { [name: string]: tf.Tensor }) => ({
    loss: optimizer.minimize(
      () =>
        tf.losses.meanSquaredError(
          y as tf.Tensor,
          model.apply(x as tf.Tensor, { training: true }) as tf.Tensor,
        ) as tf.Scalar,
      true,
      weights,
    ) as tf.Tensor,
  });
  const shapes = { x: [4, ...inputShape], y: [4, width as number] };
  const size = (shape: number[]) => shape.reduce((product, one) => product * one, 1);
  const feeds = { x: numbers(size(shapes.x), 8), y: numbers(size(shapes.y), 9) };
  if (compiled) {
    const step = await compile(fn, { x: float32(...shapes.x), y: float32(...shapes.y) }, { threads: 1 });
    for (let i = 0; i < steps; i++) await step.run(feeds);
    step.sync();
    await step.dispose();
  } else {
    for (let i = 0; i < steps; i++) {
      tf.tidy(() => {
        fn({ x: tf.tensor(feeds.x, shapes.x), y: tf.tensor(feeds.y, shapes.y) });
      });
    }
  }
  const values = model.weights.map((weight) => Array.from(weight.read().dataSync()));
  model.dispose();
  optimizer.dispose();
  return values;
}

/** Four-headed attention as a layer. */
class Attention extends tf.layers.Layer {
  static readonly className = 'TestAttention';
  #weights: tf.LayerVariable[] = [];
  override build(shape: tf.Shape): void {
    const width = shape[2] as number;
    this.#weights = ['q', 'k', 'v'].map((name) =>
      this.addWeight(name, [width, width], 'float32', tf.initializers.zeros()),
    );
    super.build(shape);
  }
  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => {
      const x = (Array.isArray(inputs) ? inputs[0] : inputs) as tf.Tensor3D;
      const [rows, length, width] = x.shape;
      const [q, k, v] = this.#weights.map((weight) => {
        const flat = tf.matMul(tf.reshape(x, [-1, width]), weight.read() as tf.Tensor2D);
        return tf.transpose(tf.reshape(flat, [rows, length, 4, width / 4]), [0, 2, 1, 3]);
      }) as [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D];
      const scores = tf.softmax(tf.mul(tf.matMul(q, k, false, true), 1 / Math.sqrt(width / 4)));
      return tf.reshape(tf.transpose(tf.matMul(scores, v), [0, 2, 1, 3]), [rows, length, width]);
    });
  }
  override computeOutputShape(shape: tf.Shape): tf.Shape {
    return shape;
  }
}

const sequential = (...layers: tf.layers.Layer[]) => tf.sequential({ layers });
const { layers } = tf;
const models: [string, number, () => tf.LayersModel][] = [
  [
    'dense',
    100,
    () =>
      sequential(
        layers.dense({ units: 6, inputShape: [5], activation: 'relu' }),
        layers.dense({ units: 3, activation: 'softmax' }),
      ),
  ],
  ['GRU', 100, () => sequential(layers.gru({ units: 5, inputShape: [6, 3] }), layers.dense({ units: 2 }))],
  ['LSTM', 30, () => sequential(layers.lstm({ units: 5, inputShape: [6, 3] }), layers.dense({ units: 2 }))],
  [
    'bidirectional GRU',
    20,
    () =>
      sequential(
        layers.bidirectional({
          layer: layers.gru({ units: 3, returnSequences: true }) as tf.RNN,
          mergeMode: 'concat',
          inputShape: [4, 3],
        }),
        layers.flatten(),
        layers.dense({ units: 2 }),
      ),
  ],
  [
    'attention',
    100,
    () =>
      sequential(
        layers.dense({ units: 8, inputShape: [6, 3] }),
        new Attention({}),
        layers.globalAveragePooling1d({}),
        layers.dense({ units: 2 }),
      ),
  ],
  [
    'LayerNorm',
    50,
    () =>
      sequential(
        layers.dense({ units: 8, inputShape: [5], activation: 'tanh' }),
        layers.layerNormalization({}),
        layers.dense({ units: 2 }),
      ),
  ],
  [
    'BatchNorm',
    50,
    () =>
      sequential(
        layers.dense({ units: 8, inputShape: [5], activation: 'tanh', useBias: false }),
        layers.batchNormalization({}),
        layers.dense({ units: 2 }),
      ),
  ],
  [
    'convolutions',
    20,
    () =>
      sequential(
        layers.conv2d({ filters: 3, kernelSize: 3, inputShape: [8, 8, 2], activation: 'relu', padding: 'same' }),
        layers.maxPooling2d({ poolSize: 3, strides: 2 }),
        layers.depthwiseConv2d({ kernelSize: 3 }),
        layers.averagePooling2d({ poolSize: 1 }),
        layers.flatten(),
        layers.dense({ units: 2 }),
      ),
  ],
  [
    'transposed convolutions',
    10,
    () =>
      sequential(
        layers.conv2dTranspose({ filters: 2, kernelSize: 3, strides: 2, inputShape: [4, 4, 2] }),
        layers.globalAveragePooling2d({}),
        layers.dense({ units: 2 }),
      ),
  ],
];

describe('stock layers under stock Adam', () => {
  test.each(models)('%s', async (_, steps, make) => {
    const expected = await run(make, steps, false);
    const found = await run(make, steps, true);
    expected.forEach((values, i) => {
      const largest = values.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
      values.forEach((x, j) => {
        expect(Math.abs(x - (found[i]?.[j] as number))).toBeLessThan(1e-4 * Math.max(largest, 0.1));
      });
    });
  });
});
