import { adam, defineLossWeighting, mlp, sgd } from '@polytask/core';
import { conformance } from '@polytask/core/testing';
import * as tf from '@tensorflow/tfjs';
import { Matrix, SingularValueDecomposition } from 'ml-matrix';
import { beforeAll, expect, test } from 'vitest';
import { proximalTraceNorm } from '../src/proximal-trace-norm.js';
import { singularValues } from '../src/singular-values.js';
import { softSharing } from '../src/soft-sharing.js';
import { tableOf, tasksOf, trained } from './runs.js';

beforeAll(() => tf.setBackend('cpu'));

const first = defineLossWeighting({
  name: 'halves',
  bind: () => ({ scalarize: (losses) => tf.mul(tf.sum(losses), 0.5) }),
});
const make = () => proximalTraceNorm({ threshold: 0.01, every: 2, weighting: first, biases: true });
for (const { name, run } of conformance('step-plan', make)) test(name, run);

const names = ['a', 'b', 'c'];
const options = { tasks: tasksOf(...names), sharing: softSharing({ encoder: mlp([4]) }) };
const data = tableOf(names);
const paths = names.map((task) => `columns/${task}/dense0/kernel`);

test('shrinks singular values as a full decomposition does, and nothing else', async () => {
  const fit = { epochs: 1, batchSize: 12 };
  const optimizer = sgd({ learningRate: 0.1 });
  const before = (await trained({ ...options, optimizer }, data, fit)).values;
  const balancing = proximalTraceNorm({ layers: ['columns'], threshold: 0.5 });
  const after = (await trained({ ...options, optimizer, balancing }, data, fit)).values;
  const {
    leftSingularVectors: u,
    rightSingularVectors: v,
    diagonal,
  } = new SingularValueDecomposition(new Matrix(paths.map((path) => before[path] as number[])), {
    autoTranspose: true,
  });
  const wanted = u.mmul(Matrix.diag(diagonal.map((value) => Math.max(value - 0.5, 0)))).mmul(v.transpose());
  paths.forEach((path, k) => {
    after[path]?.forEach((value, i) => {
      expect(value).toBeCloseTo(wanted.get(k, i), 5);
    });
  });
  for (const [path, values] of Object.entries(before)) {
    if (paths.includes(path)) continue;
    values.forEach((value, i) => {
      expect(after[path]?.[i]).toBeCloseTo(value, 6);
    });
  }
});

test('lowers the rank for good, and says so', async () => {
  const balancing = proximalTraceNorm({ layers: ['columns'], threshold: 0.1 });
  const { seen } = await trained(
    {
      ...options,
      balancing,
      optimizer: adam({ learningRate: 0.01 }),
      observers: [singularValues({ layers: ['columns'] })],
    },
    data,
    { epochs: 30, batchSize: 12 },
    (trainer) => ({ observed: trainer.observations(), logged: trainer.history?.logged }),
  );
  const observed = seen?.observed?.['singular-values'] as Record<string, { before: number[]; after: number[] }>;
  const { before = [], after = [] } = observed['columns/<task>/dense0/kernel'] ?? {};
  expect(before.filter((value) => value > 1e-3).length).toBe(3);
  const rank = after.filter((value) => value > 1e-6 * (after[0] as number)).length;
  expect(rank).toBeLessThan(3);
  expect(seen?.logged?.['proximal-trace-norm/rank']?.at(-1)).toBe(rank);
  expect(seen?.logged?.['singular-values/columns/<task>/dense0/kernel/rank']?.at(-1)).toBe(rank);
  expect(seen?.logged?.['proximal-trace-norm/norm']?.at(-1)).toBeCloseTo(
    after.reduce((sum, value) => sum + value, 0),
    4,
  );
});
