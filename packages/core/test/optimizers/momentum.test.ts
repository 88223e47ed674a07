import { momentum } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { useBackend } from '../helpers/backends.js';
import { difference, handSteps, stockSteps, takeSteps } from './take-steps.js';

beforeAll(() => useBackend('cpu'));

describe.each([false, true])('nesterov: %s', (nesterov) => {
  it('takes the steps of its formula and of tf.train.momentum', async () => {
    const { start, after } = await takeSteps(momentum({ learningRate: 0.05, momentum: 0.8, nesterov }));
    const byHand = handSteps(
      start,
      () => ({ v: 0 }),
      (value, g, state) => {
        state.v = 0.8 * state.v + g;
        return value - 0.05 * (nesterov ? g + 0.8 * state.v : state.v);
      },
    );
    expect(difference(after, byHand)).toBeLessThan(1e-6);
    expect(difference(after, stockSteps(tf.train.momentum(0.05, 0.8, nesterov), start))).toBeLessThan(1e-6);
  });
});

it('refuses a momentum that never forgets', () => {
  expect(() => momentum({ momentum: 1 })).toThrow(/`momentum` must be a number from 0 to below 1, but is 1/);
  expect(momentum()).toMatchObject({
    learningRate: 0.01,
    slots: ['velocity'],
    options: { momentum: 0.9, nesterov: false },
  });
});
