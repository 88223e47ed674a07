import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { sigmoidCrossEntropy } from '../../src/tasks/sigmoid-cross-entropy.js';
import { binaryCrossEntropy, distance } from './check-loss.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

it('keeps float32 precision on both sides, relative to the loss', () => {
  const z = [-60, -20, -10, -1, 0, 1, 10, 20, 60];
  for (const t of [0, 1]) {
    const found = sigmoidCrossEntropy(tf.tensor1d(z), tf.fill([z.length], t)).dataSync();
    z.forEach((value, i) => {
      const exact = t === 1 ? binaryCrossEntropy(-value, 0) : binaryCrossEntropy(value, 0);
      expect(Math.abs((found[i] as number) / exact - 1)).toBeLessThan(1e-6);
    });
  }
});

it('is finite, with a finite gradient, wherever the logit is', () => {
  const z = tf.tensor1d([1e30, -1e30, 1e4, -1e4]);
  const t = tf.tensor1d([0, 1, 1, 0]);
  const slope = tf.grad((x) => tf.sum(sigmoidCrossEntropy(x, t)))(z);
  expect(Array.from(slope.dataSync())).toEqual([1, -1, 0, 0]);
  expect(Array.from(sigmoidCrossEntropy(z, t).dataSync()).every(Number.isFinite)).toBe(true);
});

it('can be differentiated twice', () => {
  const z = [1, -2, 0.3];
  const t = tf.tensor1d([1, 0, 0.5]);
  const second = tf.grad((x) => tf.sum(tf.grad((y) => sigmoidCrossEntropy(y, t))(x)))(tf.tensor1d(z));
  const expected = z.map((value) => 1 / (2 + Math.exp(value) + Math.exp(-value)));
  expect(distance(Array.from(second.dataSync()), expected)).toBeLessThan(1e-6);
});
