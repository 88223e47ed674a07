import { adagrad } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { useBackend } from '../helpers/backends.js';
import { difference, gradients, handSteps, stockSteps, takeSteps } from './take-steps.js';

beforeAll(() => useBackend('cpu'));

it('takes the steps of its formula', async () => {
  const { start, after } = await takeSteps(adagrad({ learningRate: 0.2, epsilon: 1e-3 }));
  const byHand = handSteps(
    start,
    () => ({ s: 0 }),
    (value, g, state) => {
      state.s += g * g;
      return value - (0.2 * g) / (Math.sqrt(state.s) + 1e-3);
    },
  );
  expect(difference(after, byHand)).toBeLessThan(2e-6);
});

it('agrees with tf.train.adagrad, which has 1e-7 under the root, on gradients that are not small', async () => {
  const steps = gradients.map((row) => row.map((g) => Math.sign(g) * (1 + Math.abs(g))));
  const { start, after } = await takeSteps(adagrad({ learningRate: 0.2 }), steps);
  expect(difference(after, stockSteps(tf.train.adagrad(0.2, 1e-20), start, steps))).toBeLessThan(2e-6);
});

it('stands still where no gradient ever came', async () => {
  const steps = [
    [0, 1],
    [0, 1],
  ];
  const { start, after } = await takeSteps(adagrad(), steps);
  expect(after.map((row) => row[0])).toEqual([start[0], start[0]]);
  expect(after[1]?.[1]).not.toBe(start[1]);
});

it('refuses an epsilon of 0', () => {
  expect(() => adagrad({ epsilon: 0 })).toThrow(/`epsilon` must be a number above 0/);
  expect(adagrad()).toMatchObject({ learningRate: 0.01, options: { epsilon: 1e-10 } });
});
