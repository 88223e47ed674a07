import { stopGradient } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { expect, test } from 'vitest';

test('gives the same numbers and no gradient', async () => {
  await tf.setBackend('cpu');
  const before = tf.memory().numTensors;
  tf.tidy(() => {
    const x = tf.tensor1d([2, 3]);
    expect(stopGradient(x).dataSync()).toEqual(Float32Array.of(2, 3));
    const gradient = tf.grad((y) => tf.sum(tf.mul(y, stopGradient(tf.square(y)))))(x);
    expect(gradient.dataSync()).toEqual(Float32Array.of(4, 9));
  });
  expect(tf.memory().numTensors).toBe(before);
});

test('keeps infinite derivatives away', () => {
  tf.tidy(() => {
    const gradient = tf.grad((y) => tf.sum(tf.add(y, stopGradient(tf.sqrt(y)))))(tf.tensor1d([0]));
    expect(gradient.dataSync()).toEqual(Float32Array.of(1));
  });
});
