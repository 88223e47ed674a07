import { adam } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { useBackend } from '../helpers/backends.js';
import { difference, gradients, handSteps, stockSteps, takeSteps } from './take-steps.js';

beforeAll(() => useBackend('cpu'));

const byHand = (start: readonly number[], rate: number, beta1: number, beta2: number, epsilon: number) =>
  handSteps(
    start,
    () => ({ m: 0, v: 0 }),
    (value, g, state, step) => {
      state.m = beta1 * state.m + (1 - beta1) * g;
      state.v = beta2 * state.v + (1 - beta2) * g * g;
      const first = state.m / (1 - beta1 ** (step + 1));
      const second = state.v / (1 - beta2 ** (step + 1));
      return value - (rate * first) / (Math.sqrt(second) + epsilon);
    },
  );

it('takes the steps of its formula and of tf.train.adam', async () => {
  const { start, after } = await takeSteps(adam({ learningRate: 0.1, beta1: 0.8, beta2: 0.95, epsilon: 1e-4 }));
  expect(difference(after, byHand(start, 0.1, 0.8, 0.95, 1e-4))).toBeLessThan(2e-6);
  expect(difference(after, stockSteps(tf.train.adam(0.1, 0.8, 0.95, 1e-4), start))).toBeLessThan(2e-6);
});

it("has the paper's defaults", async () => {
  const { start, after } = await takeSteps(adam());
  expect(difference(after, byHand(start, 0.001, 0.9, 0.999, 1e-8))).toBeLessThan(1e-6);
  // The first step is the learning rate, whatever the size of the gradient.
  gradients[0]?.forEach((g, i) => {
    expect((after[0]?.[i] as number) - (start[i] as number)).toBeCloseTo(-0.001 * Math.sign(g), 5);
  });
});

it('refuses what makes no moments', () => {
  expect(() => adam({ beta1: 1 })).toThrow(/`beta1` must be a number from 0 to below 1/);
  expect(() => adam({ beta2: -0.1 })).toThrow(/`beta2` must be a number from 0 to below 1/);
  expect(() => adam({ epsilon: 0 })).toThrow(/`epsilon` must be a number above 0, but is 0/);
});
