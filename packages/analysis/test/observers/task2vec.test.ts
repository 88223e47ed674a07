import { createTrainer, defineSharing, mlp, regression, sgd, tableDataset, zerosInitializer } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { task2vec } from '../../src/observers/task2vec.js';
import { linearLosses, observe } from '../loss-problem.js';
import { oneTrunk } from '../one-trunk.js';

beforeAll(() => tf.setBackend('cpu'));

test('of losses that do not depend on rows it is the squared gradient, averaged over what leads to a unit', async () => {
  // θ is [3, 1]: one unit.
  const problem = linearLosses(
    [
      [1, 2, 3],
      [0, 0, 4],
    ],
    [1, 1],
  );
  const { embedding, rows } = await observe<{ embedding: number[][]; rows: number[] }>(problem, task2vec({ rows: 5 }));
  expect(rows).toEqual([2, 2]);
  expect(embedding[0]?.[0]).toBeCloseTo(14 / 3, 4);
  expect(embedding[1]?.[0]).toBeCloseTo(16 / 3, 4);
});

// W [2, 2] of zeros; task a reads unit 0, b unit 1; labels 1 and −1 in two rows: gradient of (w·x − y)² is −2 y x.
test('gradients are squared row by row, and units that a task does not use have none', async () => {
  const sharing = defineSharing({
    name: 'two-units',
    bind({ scope }) {
      const kernel = scope.child('layer').variable('kernel', [2, 2], zerosInitializer);
      return {
        forward({ x }) {
          const units = tf.matMul(x as tf.Tensor2D, kernel as tf.Tensor2D);
          const [a, b] = tf.split(units, 2, 1) as [tf.Tensor, tf.Tensor];
          return { outputs: { a: { value: a }, b: { value: b } }, features: { a: units, b: units }, intermediates: {} };
        },
      };
    },
  });
  const tasks = ['a', 'b'].map((name) => regression(name, { standardize: false }));
  const trainer = await createTrainer({
    tasks,
    sharing,
    optimizer: sgd({ learningRate: 1e-9 }),
    observers: [task2vec({ rows: 2 })],
  });
  const data = tableDataset({
    inputs: { x: { data: [1, 2, 1, 2], shape: [2, 2] } },
    columns: { a: [1, -1], b: [3, null] },
  });
  await trainer.fit(data, { epochs: 1, batchSize: 2, shuffle: false });
  const { embedding, rows, distance } = trainer.observations().task2vec as never as Record<string, number[][]>;
  trainer.dispose();
  // The gradients of a's rows cancel; their squares, 4 x², do not: (4 · 1 + 4 · 4) / 2.
  expect(rows).toEqual([2, 1]);
  expect(embedding?.[0]).toEqual([expect.closeTo(10, 4), 0]);
  expect(embedding?.[1]).toEqual([0, expect.closeTo(90, 4)]);
  expect(distance?.[0]).toEqual([0, 1]);
});

test('under batch normalisation a row has the gradient that it has in prediction', async () => {
  const tasks = ['a', 'b'].map((name) => regression(name, { standardize: false }));
  const trainer = await createTrainer({
    tasks,
    sharing: oneTrunk(mlp([3], { batchNorm: true, activation: 'tanh' })),
    optimizer: sgd({ learningRate: 1e-9 }),
    observers: [task2vec({ rows: 4 })],
    seed: 2,
  });
  const data = tableDataset({
    inputs: { x: { data: [1, 2, -1, 0.5, 0, 1, 2, -2], shape: [4, 2] } },
    columns: { a: [1, -1, 2, 0], b: [3, 1, 0, -1] },
  });
  await trainer.fit(data, { epochs: 1, batchSize: 4, shuffle: false });
  const { embedding } = trainer.observations().task2vec as never as { embedding: number[][] };
  trainer.dispose();
  for (const units of embedding) expect(Math.min(...units)).toBeGreaterThan(1e-6);
});
