import { conformance } from '@polytask/core/testing';
import { expect, test } from 'vitest';
import { initialLossNormalization } from '../../src/loss-weighting/initial-loss-normalization.js';
import { expectClose, openLosses, weighted } from '../support.js';

const claims = ['order-of-tasks', 'positive-weights'] as const;
const skip = {
  'has weights that are derivatives of its loss': 'the first step divides by its own losses, held constant',
};
for (const { name, run } of conformance('loss-weighting', initialLossNormalization, { claims, skip })) test(name, run);

const paper = initialLossNormalization({ scale: 'paper' });

test('divides by the first loss above 0 of each task, and keeps to it', async () => {
  const opened = openLosses(paper, 3);
  expectClose(opened.step([2, 0, Number.NaN]).weights, [0.5, 1, 0]);
  expectClose(opened.step([5, 4, 8]).weights, [0.5, 0.25, 0.125]);
  const saved = await opened.saveState();
  const resumed = openLosses(paper, 3);
  resumed.loadState(saved);
  for (const one of [opened, resumed]) {
    expectClose(one.step([1, 1, 1]).weights, [0.5, 0.25, 0.125]);
    one.dispose();
  }
});

test('the units of a loss make no difference', () => {
  const course = [
    [2, 3],
    [1, 2],
    [0.5, 2],
  ];
  const shares = (unit: number) => {
    const opened = openLosses(paper, 2);
    const found = course.map(([a = 0, b = 0]) => opened.step([a, b * unit]).value);
    opened.dispose();
    return found;
  };
  expectClose(shares(1), [2, 1 / 2 + 2 / 3, 1 / 4 + 2 / 3]);
  expectClose(shares(1000), shares(1));
});

test('refuses negative losses', () => {
  expect(() => weighted(paper, [1, -2])).toThrow('`initial-loss-normalization` is defined for losses of 0 and above');
});
