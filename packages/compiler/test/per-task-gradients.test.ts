import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { compile, float32 } from '../src/index.js';
import { numbers } from './run/training.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});
afterEach(() => tf.disposeVariables());

test('gradients of K losses are those of tfjs within 1e-6, from one forward pass', async () => {
  const variable = (shape: [number, number], seed: number) =>
    tf.tidy(() =>
      tf.variable(
        tf.tensor2d(
          numbers(shape[0] * shape[1], seed).map((x) => x - 0.5),
          shape,
        ),
      ),
    );
  const trunk = variable([12, 8], 1);
  const heads = [2, 3, 4].map((seed) => variable([8, 3], seed));
  const fn = ({ x, y }: { [name: string]: tf.Tensor }) => {
    const rows: tf.Tensor[] = heads.map((head) => {
      const loss = () =>
        tf.losses.softmaxCrossEntropy(y as tf.Tensor, tf.matMul(tf.relu(tf.matMul(x as tf.Tensor2D, trunk)), head));
      const { grads } = tf.variableGrads(loss as () => tf.Scalar, [trunk as tf.Variable, head as tf.Variable]);
      return tf.concat(Object.values(grads).map((one) => tf.reshape(one, [-1])));
    });
    return { jacobian: tf.stack(rows) };
  };
  const x = numbers(16 * 12, 5);
  const y = new Float32Array(16 * 3).map((_, i) => (i % 4 === 0 ? 1 : 0));
  const expected = tf.tidy(() => fn({ x: tf.tensor2d(x, [16, 12]), y: tf.tensor2d(y, [16, 3]) }).jacobian.dataSync());
  const step = await compile(fn, { x: float32(16, 12), y: float32(16, 3) }, { threads: 1 });
  const { jacobian } = await step.run({ x, y });
  expect(jacobian?.shape).toEqual([3, 12 * 8 + 8 * 3]);
  expected.forEach((value, i) => {
    expect(Math.abs(value - (jacobian?.data[i] as number))).toBeLessThan(1e-6);
  });
  // One product for the trunk; and, for all heads at once, their own and those of the gradients of heads, features and trunk.
  const products = ['Gemm', 'MatMul', 'FusedMatMul'].map((op) => step.operators.get(op) ?? 0);
  expect(products.reduce((sum, one) => sum + one, 0)).toBe(1 + 4);
  await step.dispose();
});
