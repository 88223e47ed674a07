import { balanceGradients, defineGradientBalancing } from '@polytask/core';
import { conformance } from '@polytask/core/testing';
import * as tf from '@tensorflow/tfjs';
import { expect, test } from 'vitest';
import {
  constantWeighting,
  equalWeighting,
  famo,
  geometricMean,
  logTransform,
  pcgrad,
  scaleInvariant,
} from '../src/index.js';
import { balanced, expectClose, goldenJacobian, taskNames, weighted } from './support.js';

const claims = ['order-of-tasks', 'positive-weights'] as const;
for (const { name, run } of conformance('loss-weighting', () => logTransform(equalWeighting()), { claims })) {
  test(`around a loss weighting: ${name}`, run);
}
const ofGradients = conformance('gradient-balancing', () => logTransform(pcgrad()));
for (const { name, run } of ofGradients.filter(({ name }) => !/executor|eager|checkpoint|seed/.test(name))) {
  test(`around a gradient balancing: ${name}`, run);
}

test('equal weighting of logarithms is the scale-invariant loss', () => {
  const [ofLogs, invariant] = [logTransform(equalWeighting({ scale: 'paper' })), scaleInvariant({ scale: 'paper' })];
  for (const losses of [
    [2, 3],
    [0, 4],
    [2, Number.NaN, 5],
  ]) {
    expectClose(weighted(ofLogs, losses).weights, weighted(invariant, losses).weights);
  }
});

/** The sum of the gradients: by weights, or in tfjs. */
const sums = [
  defineGradientBalancing({
    name: 'sum',
    scale: 'paper',
    bind: () => ({ weights: ({ tasks }) => tasks.map(() => 1) }),
  }),
  defineGradientBalancing({
    name: 'sum',
    bind: () => ({ aggregate: ({ jacobian, active }) => ({ direction: tf.sum(jacobian, 0), weights: active }) }),
  }),
];

test.each(sums)('gradients are those of the logarithms ($name)', async (sum) => {
  const losses = [2, 3];
  const { direction } = await balanced(logTransform(sum), goldenJacobian, losses);
  expectClose(direction, [-4 / 2 + 6 / 3, 1 / 2 + 1 / 3, 1 / 2 + 1 / 3]);
  const tensors = tf.memory().numTensors;
  const balance = balanceGradients(logTransform(sum), taskNames(2));
  const rows = tf.tensor2d(goldenJacobian);
  const found = await balance.direction(rows, [0, 4]);
  expectClose(found.direction.dataSync(), [1.5, 0.25, 0.25]);
  expectClose(found.weights, [0, 0.25]);
  tf.dispose([rows, found.direction]);
  balance.dispose();
  expect(tf.memory().numTensors).toBe(tensors);
});

test('a method sees losses as logarithms', async () => {
  const seen: number[][] = [];
  const watching = defineGradientBalancing({
    name: 'watching',
    bind: () => ({
      weights({ gramian, losses }) {
        seen.push(Array.from(gramian), Array.from(losses));
        return losses.map(() => 1);
      },
    }),
  });
  await balanced(logTransform(watching), goldenJacobian, [2, 3]);
  expectClose(seen[0], [18 / 4, -22 / 6, -22 / 6, 38 / 9]);
  expectClose(seen[1], [Math.log(2), Math.log(3)]);
});

test('refuses what cannot work on logarithms, and losses below 0', () => {
  expect(() => logTransform(geometricMean())).toThrow('a method for losses of any sign');
  expect(() => logTransform(famo() as never)).toThrow('`inner` must be a loss weighting or a gradient balancing');
  expect(() => weighted(logTransform(constantWeighting()), [1, -1])).toThrow(
    '`log-transform` is defined for losses of 0',
  );
});
