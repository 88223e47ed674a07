import { classification, regression, uniformFloats } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { trainHead } from '../../src/transfer/train-head.js';

beforeAll(() => tf.setBackend('cpu'));

const rows = 120;
const data = uniformFloats(rows * 3, 'features');
const features = { data, shape: [rows, 3] };
const at = (row: number, column: number) => data[3 * row + column] as number;
const numbers = (of: (row: number) => number) => ({
  data: Float32Array.from({ length: rows }, (_, row) => of(row)),
  shape: [rows],
});

test('learns what the features hold, in the units of the labels, and not what they do not', async () => {
  const tensors = tf.memory().numTensors;
  const task = regression('y');
  const held = { features, labels: numbers((row) => 100 * (at(row, 0) - 2 * at(row, 2)) + 7) };
  const noise = uniformFloats(rows, 'noise');
  const other = { features, labels: numbers((row) => noise[row] as number) };
  const scores = await trainHead({ task, train: held, test: held });
  expect((scores as unknown as { r2: number }).r2).toBeGreaterThan(0.97);
  const none = await trainHead({ task, train: other, test: other });
  expect((none as unknown as { r2: number }).r2).toBeLessThan(0.2);
  expect(tf.memory().numTensors).toBe(tensors);
});

test('classes, a column that stands still, few rows, and a task that names inputs', async () => {
  const few = 20;
  const still = {
    data: Float32Array.from({ length: 2 * few }, (_, n) => (n % 2 === 0 ? 5 : at(n, 1))),
    shape: [few, 2],
  };
  const labels = { data: Int32Array.from({ length: few }, (_, n) => (at(2 * n + 1, 1) > 0.5 ? 1 : 0)), shape: [few] };
  const task = classification('kind', { classes: 2, inputs: ['image'] });
  const scores = await trainHead({ task, train: { features: still, labels }, test: { features: still, labels } });
  expect((scores as unknown as { accuracy: number }).accuracy).toBeGreaterThan(0.9);
  expect(await trainHead({ task, train: { features: still, labels }, test: { features: still, labels } })).toEqual(
    scores,
  );
});
