import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { reverseGradient } from '../../src/layers/gradient-reversal.js';
import { numbers } from '../helpers/building.js';

beforeAll(() => tf.setBackend('cpu'));

it('passes numbers on', () => {
  tf.tidy(() => {
    const x = numbers([3, 4]);
    expect(reverseGradient(x, 2).dataSync()).toEqual(x.dataSync());
  });
});

it.each([1, 0.25, 0, -2])('has −λ times the gradient on the way back, λ = %d, fed or given', (lambda) => {
  tf.tidy(() => {
    const x = numbers([3, 4]);
    const loss = (y: tf.Tensor) => tf.sum(tf.mul(tf.sin(y), numbers([3, 4], 1)));
    const plain = tf.grad(loss)(x).dataSync();
    for (const factor of [lambda, tf.scalar(lambda)]) {
      const found = tf
        .grad((y: tf.Tensor) => loss(reverseGradient(y, factor)))(x)
        .dataSync();
      found.forEach((value, i) => {
        expect(value).toBeCloseTo(-lambda * (plain[i] as number), 6);
      });
    }
  });
});

it('has a factor of 1 unless told otherwise, and leaves no tensor', () => {
  const before = tf.memory().numTensors;
  tf.tidy(() => {
    expect(
      tf
        .grad((x: tf.Tensor) => tf.sum(reverseGradient(x)))(tf.ones([2]))
        .arraySync(),
    ).toEqual([-1, -1]);
  });
  expect(tf.memory().numTensors).toBe(before);
});
