import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { activate, activationNames, buildActivation, kernelInitializer } from '../../src/layers/activation.js';
import { glorotUniform, heUniform } from '../../src/layers/initializers.js';
import { difference, errorOf, evaluating, float, onBackend } from '../helpers/building.js';

beforeAll(() => tf.setBackend('cpu'));

const points = [-2, -0.5, 0.5, 2];
const erf = { 0.5: 0.3829249225, 2: 0.9544997361 }; // erf(x / √2), from tables

it('has the values of the formulas', () => {
  const expected = {
    linear: points,
    relu: [0, 0, 0.5, 2],
    tanh: points.map(Math.tanh),
    sigmoid: points.map((x) => 1 / (1 + Math.exp(-x))),
    gelu: [-1 * (1 - erf[2]), -0.25 * (1 - erf[0.5]), 0.25 * (1 + erf[0.5]), 1 + erf[2]],
    elu: [Math.exp(-2) - 1, Math.exp(-0.5) - 1, 0.5, 2],
    leakyRelu: [-0.4, -0.1, 0.5, 2],
  };
  for (const name of activationNames) {
    const found = tf.tidy(() => [...activate(tf.tensor1d(points), name).dataSync()]);
    expect(difference(found, expected[name]), name).toBeLessThan(1e-6);
  }
});

it('has the gradient that finite differences give, on cpu and wasm', async () => {
  const slope = (name: (typeof activationNames)[number]) =>
    tf.tidy(() => [
      ...tf
        .grad((x) => tf.sum(activate(x, name)))(tf.tensor1d(points))
        .dataSync(),
    ]);
  for (const name of activationNames) {
    const numeric = points.map((x) =>
      tf.tidy(() => {
        const [low, high] = activate(tf.tensor1d([x - 1e-2, x + 1e-2]), name).dataSync() as Float32Array;
        return ((high as number) - (low as number)) / 2e-2;
      }),
    );
    expect(difference(await onBackend('cpu', () => slope(name)), numeric), name).toBeLessThan(1e-3);
    expect(difference(await onBackend('wasm', () => slope(name)), numeric), name).toBeLessThan(1e-3);
  }
});

it('is a layer of unchanged shape, and refuses unknown names', () => {
  const layer = buildActivation(float(4, 3), 'relu');
  expect(layer.output).toEqual(float(4, 3));
  tf.tidy(() => {
    expect(layer.apply(tf.tensor1d([-1, 1]), evaluating).arraySync()).toEqual([0, 1]);
  });
  const { code, message } = errorOf(() => buildActivation(float(4), 'swish' as never));
  expect(code).toBe('POLYTASK_INVALID_OPTION');
  expect(message).toContain('leakyRelu');
});

it('starts kernels before rectifiers by He, others by Glorot', () => {
  expect(kernelInitializer('linear')).toBe(glorotUniform);
  expect(kernelInitializer('sigmoid')).toBe(glorotUniform);
  expect(kernelInitializer('relu')).toBe(heUniform);
  expect(kernelInitializer('gelu')).toBe(heUniform);
});
