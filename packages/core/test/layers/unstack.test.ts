import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { unstack } from '../../src/layers/unstack.js';

beforeAll(() => tf.setBackend('cpu'));

test.each([
  [[1, 3], 0],
  [[3, 1], -1],
  [[2, 3], -1],
] as const)('slices of %j along axis %i, with their gradient', (shape, axis) => {
  const x = tf.reshape(tf.range(1, 1 + shape[0] * shape[1]), [...shape]);
  expect(unstack(x, axis).map((one) => one.arraySync())).toEqual(tf.unstack(x, axis).map((one) => one.arraySync()));
  // Σ_k k · Σ slice_k has k as its slope everywhere in slice k.
  const slope = tf.grad((y) => tf.addN(unstack(y, axis).map((one, k) => tf.mul(tf.sum(one), k + 1))))(x);
  const wanted = axis === 0 ? tf.ones([...shape]) : tf.mul(tf.ones([...shape]), tf.range(1, shape[1] + 1));
  expect(slope.arraySync()).toEqual(wanted.arraySync());
});
