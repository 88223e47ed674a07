import { balanceLosses, classification, regression } from '@polytask/core';
import { conformance } from '@polytask/core/testing';
import * as tf from '@tensorflow/tfjs';
import { expect, test } from 'vitest';
import { dynamicTaskPrioritization } from '../../src/loss-weighting/dynamic-task-prioritization.js';
import { expectClose, openLosses } from '../support.js';

const claims = ['order-of-tasks', 'positive-weights'] as const;
for (const { name, run } of conformance('loss-weighting', dynamicTaskPrioritization, { claims })) test(name, run);

const focal = (performance: number, gamma: number) => -((1 - performance) ** gamma) * Math.log(performance);

test('weights are the focal loss of the moving average of e^−L', () => {
  const opened = openLosses(dynamicTaskPrioritization({ gamma: 1.5, alpha: 0.25, scale: 'paper' }), 3);
  expectClose(opened.step([0.1, 2, Number.NaN]).weights, [1, 1, 0]);
  expectClose(opened.step([0.3, Number.NaN, 1]).weights, [focal(Math.exp(-0.1), 1.5), 0, 1], 1e-5);
  const first = 0.25 * Math.exp(-0.3) + 0.75 * Math.exp(-0.1);
  const expected = [first, Math.exp(-2), Math.exp(-1)].map((performance) => focal(performance, 1.5));
  expectClose(opened.step([1, 1, 1]).weights, expected, 1e-5);
  opened.dispose();
});

test('with γ = 0 a task weighs what its loss is', () => {
  const opened = openLosses(dynamicTaskPrioritization({ gamma: 0, alpha: 1, scale: 'paper' }), 2);
  opened.step([0.5, 3]);
  expectClose(opened.step([1, 1]).weights, [0.5, 3], 1e-5);
  opened.dispose();
});

test('by metric it goes by the primary metrics on the validation data', async () => {
  const tasks = ['a', 'b'].map((name) => classification(name, { classes: 2 }));
  const balance = balanceLosses(dynamicTaskPrioritization({ by: 'metric', scale: 'paper' }), tasks);
  await balance.epochEnd([1, 1], { a: { accuracy: 0.9 }, b: { accuracy: 0.5 } });
  tf.dispose(tf.tidy(() => balance.loss([tf.scalar(1), tf.scalar(1)])));
  const weights = balance.weights();
  expectClose(weights.dataSync(), [focal(0.9, 2), focal(0.5, 2)], 1e-5);
  weights.dispose();
  await expect(balance.epochEnd([1, 1])).rejects.toMatchObject({ code: 'POLYTASK_NO_VALIDATION' });
  balance.dispose();
  expect(() => balanceLosses(dynamicTaskPrioritization({ by: 'metric' }), [regression('y')])).toThrow(
    'Task `y` has `rmse`',
  );
});
