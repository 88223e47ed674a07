import { sgd } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { useBackend } from '../helpers/backends.js';
import { difference, handSteps, stockSteps, takeSteps } from './take-steps.js';

beforeAll(() => useBackend('cpu'));

it('takes the steps of its formula and of tf.train.sgd', async () => {
  const { start, after } = await takeSteps(sgd({ learningRate: 0.3 }));
  expect(
    difference(
      after,
      handSteps(
        start,
        () => null,
        (value, g) => value - 0.3 * g,
      ),
    ),
  ).toBeLessThan(1e-6);
  expect(difference(after, stockSteps(tf.train.sgd(0.3), start))).toBeLessThan(1e-6);
});

it('has a learning rate of 0.01 and no moments', () => {
  expect(sgd()).toMatchObject({
    name: 'sgd',
    learningRate: 0.01,
    decay: 0,
    slots: [],
    options: { learningRate: 0.01 },
  });
});
