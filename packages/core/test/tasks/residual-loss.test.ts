import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { residualLoss } from '../../src/tasks/residual-loss.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

it('costs what the formulas say at, inside and beyond δ', () => {
  const outputs = tf.tensor1d([0, 1, -2, 5]);
  const zeros = tf.zeros([4]);
  expect(Array.from(residualLoss(outputs, zeros, 'mse', 1).dataSync())).toEqual([0, 1, 4, 25]);
  expect(Array.from(residualLoss(outputs, zeros, 'mae', 1).dataSync())).toEqual([0, 1, 2, 5]);
  expect(Array.from(residualLoss(outputs, zeros, 'huber', 2).dataSync())).toEqual([0, 0.5, 2, 8]);
});

it('has gradient 0 where there is no error, and a bounded one where the error is huge', () => {
  const at = tf.tensor1d([0, 1e30]);
  const slope = (loss: 'mse' | 'mae' | 'huber') =>
    Array.from(
      tf
        .grad((z) => tf.sum(residualLoss(z, tf.zeros([2]), loss, 3)))(at)
        .dataSync(),
    );
  expect(slope('mae')).toEqual([0, 1]);
  expect(slope('huber')).toEqual([0, 3]);
});
