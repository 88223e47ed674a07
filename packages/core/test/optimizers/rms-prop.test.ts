import { rmsProp } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { useBackend } from '../helpers/backends.js';
import { difference, gradients, handSteps, stockSteps, takeSteps } from './take-steps.js';

beforeAll(() => useBackend('cpu'));

it('takes the steps of its formula', async () => {
  const { start, after } = await takeSteps(rmsProp({ learningRate: 0.05, rho: 0.7, epsilon: 1e-3 }));
  const byHand = handSteps(
    start,
    () => ({ v: 0 }),
    (value, g, state) => {
      state.v = 0.7 * state.v + 0.3 * g * g;
      return value - (0.05 * g) / (Math.sqrt(state.v) + 1e-3);
    },
  );
  expect(difference(after, byHand)).toBeLessThan(2e-6);
});

it('agrees with tf.train.rmsprop, which has epsilon under the root, where epsilon does not count', async () => {
  const steps = gradients.map((row) => row.map((g) => Math.sign(g) * (0.1 + Math.abs(g))));
  const { start, after } = await takeSteps(rmsProp({ learningRate: 0.05, rho: 0.7, epsilon: 1e-12 }), steps);
  const stock = stockSteps(tf.train.rmsprop(0.05, 0.7, 0, 1e-12), start, steps);
  expect(difference(after, stock)).toBeLessThan(2e-6);
});

it('refuses what is no mean', () => {
  expect(() => rmsProp({ rho: 1 })).toThrow(/`rho` must be a number from 0 to below 1/);
  expect(() => rmsProp({ epsilon: 0 })).toThrow(/`epsilon` must be a number above 0/);
  expect(rmsProp()).toMatchObject({ learningRate: 0.001, options: { rho: 0.9, epsilon: 1e-8 } });
});
