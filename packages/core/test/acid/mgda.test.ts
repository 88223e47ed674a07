import { mlp, sgd } from '@polytask/core';
import { linearProblem } from '@polytask/core/testing';
import * as tf from '@tensorflow/tfjs';
import { expect, test } from 'vitest';
import { tinySharing } from '../helpers/tiny-sharing.js';
import { mgda } from './methods/mgda.js';
import { goldenJacobian } from './support/golden-jacobian.js';
import { expectClose, expectResumes, trained } from './support/runs.js';
import { toyTable, toyTasks } from './support/toy-data.js';

const optimizer = sgd({ learningRate: 1 });

test('MGDA: golden weights and direction', async () => {
  const { data, ...problem } = linearProblem(goldenJacobian, [2, 3]);
  const options = { ...problem, balancing: mgda({ scale: 'paper' }), optimizer };
  await trained(options, data, { epochs: 1, batchSize: 2 }, ({ values, events }) => {
    expectClose(Object.values(events[0]?.weights ?? {}), [0.6, 0.4]);
    expectClose(values['shared/0/theta'], [0, -1, -1]);
  });
});

test('MGDA by layers: every layer has weights of its own', async () => {
  const { data, ...problem } = linearProblem(goldenJacobian, [2, 3], { widths: [1, 2] });
  const options = { ...problem, balancing: mgda({ of: 'layers', scale: 'paper' }), optimizer };
  await trained(options, data, { epochs: 1, batchSize: 2 }, ({ values, events }) => {
    // First layer: −4 and 6 cancel at (.6, .4). Second: (1, 1) twice, where every convex combination is the same.
    expectClose(values['shared/0/theta'], [0]);
    expectClose(values['shared/1/theta'], [-1, -1]);
    expectClose(Object.values(events[0]?.weights ?? {}), [(0.6 + 0.5) / 2, (0.4 + 0.5) / 2]);
  });
});

test('MGDA-UB: weights from the gradients by the representation, applied by one weighted backward pass', async () => {
  const train = toyTable(['a', 'b'], 6);
  const tasks = toyTasks('a', 'b');
  const sharing = tinySharing(mlp([5], { activation: 'tanh' }));
  const fit = { epochs: 1, batchSize: 6, shuffle: false };
  let start: Record<string, number[]> = {};
  await trained({ tasks, sharing, optimizer: sgd({ learningRate: 1e-30 }) }, train, fit, ({ values }) => {
    start = values;
  });
  const options = { tasks, sharing, balancing: mgda({ of: 'representation', scale: 'paper' }), optimizer };
  await trained(options, train, fit, ({ values, events, programs }) => {
    expect(programs.map(({ program }) => program)).toEqual([
      'gramian-of-representation',
      'gradient-raw-and-apply-uniform',
    ]);
    // By hand: one dense layer, z = tanh(xW + b); predictions z u_k + c_k; mean squared errors.
    const variable = (path: string, ...shape: number[]) => tf.tensor(start[path] ?? [], shape);
    const at = (task: string) => [`heads/${task}/outputs/value/kernel`, `heads/${task}/outputs/value/bias`] as const;
    tf.tidy(() => {
      const raw = train.open({ batchSize: 6 }).next();
      const x = tf.tensor2d(raw?.inputs.x?.data as Float32Array, [6, 4]);
      const kernel = variable('trunk/dense0/kernel', 4, 5);
      const bias = variable('trunk/dense0/bias', 5);
      const represent = (w: tf.Tensor, b: tf.Tensor) => tf.tanh(tf.add(tf.matMul(x, w as tf.Tensor2D), b));
      const loss = (task: string, z: tf.Tensor) => {
        const [k, b] = at(task);
        const prediction = tf.add(tf.matMul(z as tf.Tensor2D, variable(k, 5, 1) as tf.Tensor2D), variable(b, 1));
        const target = tf.tensor1d(raw?.columns[task]?.data as Float32Array);
        return tf.mean(tf.square(tf.sub(tf.reshape(prediction, [6]), target))) as tf.Scalar;
      };
      const z = represent(kernel, bias);
      const [ga, gb] = ['a', 'b'].map((task) => tf.grad((one) => loss(task, one))(z)) as [tf.Tensor, tf.Tensor];
      const inner = (p: tf.Tensor, q: tf.Tensor) => tf.sum(tf.mul(p, q)).dataSync()[0] as number;
      const first = (inner(gb, gb) - inner(ga, gb)) / (inner(ga, ga) - 2 * inner(ga, gb) + inner(gb, gb));
      const w = Math.min(1, Math.max(0, first));
      expectClose(Object.values(events[0]?.weights ?? {}), [w, 1 - w], 1e-4);
      const total = tf.grads((k, b) => {
        const shared = represent(k as tf.Tensor, b as tf.Tensor);
        return tf.add(tf.mul(loss('a', shared), w), tf.mul(loss('b', shared), 1 - w));
      });
      const moved = tf.sub(kernel, total([kernel, bias])[0] as tf.Tensor);
      expectClose(values['trunk/dense0/kernel'], moved.dataSync(), 1e-4);
    });
  });
});

test('MGDA-UB: the second pass sees the same dropout masks and moves no statistics', async () => {
  const train = toyTable(['a', 'b'], 8);
  const sharing = tinySharing(mlp([6], { batchNorm: true, dropout: 0.5 }));
  const options = { tasks: toyTasks('a', 'b'), sharing, optimizer: sgd({ learningRate: 1e-30 }) };
  const means: unknown[] = [];
  for (const balancing of [undefined, mgda({ of: 'representation' })]) {
    const run = { ...options, balancing };
    await trained(run, train, { epochs: 1, batchSize: 8, shuffle: false }, ({ values, programs }) => {
      means.push(values['trunk/dense0/batchNorm/movingMean']);
      const drawn = programs.map(({ operations }) => operations.filter(({ name }) => name === 'uniform'));
      for (const one of drawn) expect(one).toEqual(drawn[0]);
    });
  }
  expect(means[1]).toEqual(means[0]);
});

test.each(['shared', 'layers', 'representation'] as const)('MGDA of %s resumes', async (of) => {
  const train = toyTable(['a', 'b'], 24, { a: (row) => row % 6 < 4 });
  const options = () => ({
    tasks: toyTasks('a', 'b'),
    sharing: tinySharing(mlp([6, 5], { dropout: 0.3 })),
    balancing: mgda({ of }),
  });
  await expectResumes(options, train, { epochs: 2, batchSize: 4 }, 5);
});
