import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { compile } from '../../src/index.js';
import { differential, f32 } from '../lower/differential.js';
import { numbers } from '../run/training.js';

const [batch, width] = [4, 6];
const spec = (...shape: number[]) => ({ shape, dtype: 'float32' as const });

beforeAll(async () => {
  await tf.setBackend('cpu');
});
afterEach(() => {
  tf.disposeVariables();
});

/** K heads on a common layer: their losses, the gradient of the weighted sum by all parameters, and all gradients by the common layer. */
function network(count: number, hidden: number, classes: readonly number[]) {
  let seed = 1;
  const variable = (...shape: number[]) =>
    tf.variable(
      tf.tensor(
        numbers(
          shape.reduce((a, b) => a * b, 1),
          seed++,
        ).map((x) => x - 0.5),
        shape,
      ),
      true,
      `v${count}-${hidden}-${seed}`,
    );
  const common = variable(width, width);
  const heads = Array.from({ length: count }, (_, k) => ({
    kernel: variable(width, hidden),
    bias: variable(hidden),
    scale: variable(1),
    last: variable(hidden, classes[k % classes.length] as number),
  }));
  return ({ x, weights, labels }: { [name: string]: tf.Tensor }) => {
    const losses = (shared: tf.Tensor) =>
      heads.map(({ kernel, bias, scale, last }, k) => {
        const features = tf.relu(tf.add(tf.matMul(shared as tf.Tensor2D, kernel as tf.Tensor2D), bias));
        const logits = tf.matMul(tf.mul(features, tf.exp(scale)) as tf.Tensor2D, last as tf.Tensor2D);
        const label = tf.cast(tf.squeeze(tf.slice(labels as tf.Tensor, [k, 0], [1, -1]), [0]), 'int32');
        return tf.losses.softmaxCrossEntropy(tf.oneHot(label, last.shape[1] as number), logits) as tf.Scalar;
      });
    const shared = () => tf.tanh(tf.matMul(x as tf.Tensor2D, common as tf.Tensor2D));
    const parameters = [common, ...heads.flatMap((head) => Object.values(head))] as tf.Variable[];
    const { grads } = tf.variableGrads(() => {
      const each = losses(shared());
      const parts = tf.split(weights as tf.Tensor1D, count);
      return each.reduce(
        (sum, loss, k) => tf.add(sum, tf.mul(loss, tf.squeeze(parts[k] as tf.Tensor))) as tf.Scalar,
        tf.scalar(0),
      );
    }, parameters);
    const perTask = heads.map((_, k) =>
      tf.reshape(
        tf.grad((w) => losses(tf.tanh(tf.matMul(x as tf.Tensor2D, w as tf.Tensor2D)))[k] as tf.Scalar)(common),
        [-1],
      ),
    );
    return {
      losses: tf.stack(losses(shared())),
      gradient: tf.concat(parameters.map(({ name }) => tf.reshape(grads[name] as tf.Tensor, [-1]))),
      jacobian: tf.stack(perTask),
    };
  };
}

async function compare(count: number, classes: readonly number[]): Promise<number> {
  const fn = network(count, 5, classes);
  const compiledFn = await compile(
    fn,
    { x: spec(batch, width), weights: spec(count), labels: spec(count, batch) },
    { threads: 1 },
  );
  const inputs = {
    x: numbers(batch * width, 77).map((one) => one - 0.5),
    weights: numbers(count, 78),
    labels: numbers(count * batch, 79).map((one) => Math.floor(3 * one)),
  };
  const found = await compiledFn.run(inputs);
  const expected = tf.tidy(() =>
    Object.fromEntries(
      Object.entries(
        fn({
          x: tf.tensor(inputs.x, [batch, width]),
          weights: tf.tensor(inputs.weights),
          labels: tf.tensor(inputs.labels, [count, batch]),
        }),
      ).map(([name, tensor]) => [name, tensor.dataSync() as Float32Array]),
    ),
  );
  for (const [name, values] of Object.entries(expected)) {
    const largest = Math.max(...values.map(Math.abs));
    const data = found[name]?.data as Float32Array;
    expect(data.length).toBe(values.length);
    values.forEach((one, i) => {
      expect(Math.abs(one - (data[i] as number)), `${name} ${i}`).toBeLessThanOrEqual(2e-6 * largest);
    });
  }
  const { operators } = compiledFn;
  await compiledFn.dispose();
  return [...operators.values()].reduce((sum, one) => sum + one, 0);
}

describe('heads of the same shape', () => {
  test('are computed together', async () => {
    const [four, sixteen] = [await compare(4, [3]), await compare(16, [3])];
    expect(sixteen).toBe(four);
  });

  test('of two kinds are two stacks', async () => {
    const [eight, sixteen] = [await compare(8, [3, 4]), await compare(16, [3, 4])];
    // What depends on a position among all heads is done one by one.
    expect(sixteen).toBeLessThan(1.5 * eight);
  });

  test('stay apart when they are few', async () => {
    await compare(1, [3]);
    await compare(2, [3]);
  });

  differential(
    [2, 3, 4].map((deeper) => ({
      name: `of which the first ${deeper} of 5 have a second layer`,
      inputs: [
        f32([4, 6]),
        ...Array.from({ length: 5 }, (_, k) => f32([6, 3], -1, 1, k + 1)),
        ...Array.from({ length: deeper }, (_, k) => f32([3, 2], -1, 1, k + 20)),
      ],
      run: (x, ...weights) => {
        const first = weights.slice(0, 5).map((one) => tf.tanh(tf.matMul(x, one)));
        return [...first, ...weights.slice(5).map((one, k) => tf.matMul(first[k] as tf.Tensor2D, one))];
      },
    })),
  );
});
