import { defineTask, mlp, openScope, regression, type StepContext, sgd, tableDataset } from '@polytask/core';
import { conformance, plainSharing } from '@polytask/core/testing';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { gradientAdversarial } from '../src/gradient-adversarial.js';
import { tasksOf, trained } from './runs.js';

beforeAll(() => tf.setBackend('cpu'));

const encoder = mlp([3], { activation: 'tanh' });
describe.each([
  [
    'the same rows',
    () => gradientAdversarial({ encoder, head: mlp([3], { dropout: 0.2, batchNorm: true }), units: [4] }),
    {},
  ],
  ['a data set per task', () => gradientAdversarial({ encoder }), { perTaskData: true }],
])('%s', (_, make, options) => {
  for (const { name, run } of conformance('sharing', make, options)) test(name, run);
});

const x = Float32Array.from([1, 0.5, -1, 2, 0.3, -0.7]);
const data = tableDataset({
  inputs: { x: { data: x, shape: [3, 2] } },
  columns: { a: [1, 2, -1], b: [0.5, Number.NaN, 3] },
});
const fit = { epochs: 1, batchSize: 3 };
const step = (learningRate: number, options: object = {}) =>
  trained(
    {
      tasks: tasksOf('a', 'b'),
      sharing: gradientAdversarial({ encoder, anneal: false, ...options }),
      optimizer: sgd({ learningRate }),
    },
    data,
    fit,
  );

test('starts as hard sharing: the trunk gets the gradients as they are', async () => {
  const hard = await trained(
    { tasks: tasksOf('a', 'b'), sharing: plainSharing(encoder), optimizer: sgd({ learningRate: 0.1 }) },
    data,
    fit,
  );
  const { values } = await step(0.1);
  for (const [path, wanted] of Object.entries(hard.values)) {
    wanted.forEach((value, i) => {
      expect(values[path]?.[i]).toBeCloseTo(value, 5);
    });
  }
});

test('the term is the cross-entropy of gradients by hand, and its layers move against it', async () => {
  const { values, events } = await step(1e-30);
  const get = (path: string, shape: number[]) => tf.tensor(values[path] ?? [], shape);
  const z = tf.tanh(
    tf.add(
      tf.matMul(tf.tensor2d(x, [3, 2]), get('trunk/dense0/kernel', [2, 3]) as tf.Tensor2D),
      get('trunk/dense0/bias', [3]),
    ),
  );
  const rows = ['a', 'b'].flatMap((task, t) => {
    const kernel = get(`heads/${task}/outputs/value/kernel`, [3, 1]) as tf.Tensor2D;
    const predicted = tf.matMul(z as tf.Tensor2D, kernel).dataSync();
    const targets = t === 0 ? [1, 2, -1] : [0.5, Number.NaN, 3];
    // ∂(wz − y)²/∂z = 2 (wz − y) w, for rows that have a label.
    return targets.flatMap((target, n) =>
      Number.isNaN(target)
        ? []
        : [{ t, g: Array.from(kernel.dataSync(), (w) => 2 * ((predicted[n] as number) - target) * w) }],
    );
  });
  const size = Math.sqrt(
    rows.reduce((sum, { g }) => sum + g.reduce((s, one) => s + one * one, 0), 0) / (rows.length * 3),
  );
  const discriminator = get('discriminator/logits/kernel', [3, 2]) as tf.Tensor2D;
  const entropy = (exponents: tf.Tensor) =>
    tf.tidy(() => {
      const factors = tf.mul(tf.softmax(exponents), 3);
      const g = tf.tensor2d(rows.map((row) => row.g.map((one) => one / size)));
      const scaled = tf.mul(
        g,
        tf.gather(
          factors,
          rows.map(({ t }) => t),
        ),
      );
      const logs = tf.logSoftmax(tf.matMul(scaled as tf.Tensor2D, discriminator));
      return tf.neg(
        tf.mean(
          tf.sum(
            tf.mul(
              logs,
              tf.oneHot(
                rows.map(({ t }) => t),
                2,
              ),
            ),
            1,
          ),
        ),
      ) as tf.Scalar;
    });
  const { value, grad } = tf.valueAndGrad(entropy)(tf.zeros([2, 3]));
  expect(events[0]?.terms['gradient-adversarial/adversary']).toBeCloseTo(value.dataSync()[0] as number, 5);
  const moved = await step(0.5, { reversal: 2 });
  const slopes = grad.arraySync() as number[][];
  ['a', 'b'].forEach((task, t) => {
    moved.values[`alignment/${task}`]?.forEach((found, i) => {
      expect(found).toBeCloseTo(0.5 * 2 * (slopes[t]?.[i] as number), 4);
    });
  });
});

test('scales the gradient that reaches the trunk, and nothing else', () => {
  const { scope, bindings, variable, dispose } = openScope(['a']);
  const inputs = { x: { shape: [2], dtype: 'float32' } } as const;
  const bound = gradientAdversarial({ encoder: mlp([2], { activation: 'linear' }) }).bind({
    tasks: [regression('a')],
    inputs,
    scope,
    ...bindings,
  } as never);
  variable('alignment/a').assign(tf.tensor1d([0, Math.log(3)])); // a = [0.5, 1.5]
  const kernels = [variable('trunk/dense0/kernel'), variable('heads/a/outputs/value/kernel')];
  const given = { x: tf.tensor2d([[2, 1]]) };
  const { grads } = tf.variableGrads(() => {
    const { outputs } = bound.forward(given, { training: true } as StepContext, {});
    return tf.sum(outputs.a?.value as tf.Tensor) as tf.Scalar;
  }, kernels);
  const [trunk, head] = kernels as [tf.Variable, tf.Variable];
  const [w0 = 0, w1 = 0] = head.dataSync();
  const wanted = [2 * w0 * 0.5, 2 * w1 * 1.5, w0 * 0.5, w1 * 1.5];
  grads[trunk.name]?.dataSync().forEach((slope, i) => {
    expect(slope).toBeCloseTo(wanted[i] as number, 5);
  });
  const z = tf.matMul(given.x, trunk as unknown as tf.Tensor2D).dataSync();
  grads[head.name]?.dataSync().forEach((slope, i) => {
    expect(slope).toBeCloseTo(z[i] as number, 5);
  });
  dispose();
});

test('refuses tasks with variables of their own', async () => {
  const noisy = defineTask({ ...regression('a'), variables: () => ({}) } as never);
  const options = { tasks: [noisy], sharing: gradientAdversarial({ encoder }), inputs: data.inputs };
  await expect(trained(options as never, data, fit)).rejects.toThrow('task `a` has variables of its own');
});
