import { conformance } from '@polytask/core/testing';
import { expect, test } from 'vitest';
import { igb } from '../../src/loss-weighting/igb.js';
import { expectClose, goldenJacobian, openLosses, weighted } from '../support.js';

const claims = ['order-of-tasks', 'positive-weights'] as const;
const skip = {
  'has weights that are derivatives of its loss': 'its softmax is a constant for the gradient, as published',
};
for (const { name, run } of conformance('loss-weighting', igb, { claims, skip })) test(name, run);

test('golden values', () => {
  const part = igb({ base: { task0: 4, task1: 4 }, scale: 'paper' });
  const { weights } = weighted(part, [2, 3]);
  expectClose(weights, [0.437823, 0.374784]);
  expectClose(
    weights.map((weight, k) => weight * (k + 2)),
    [0.875647, 1.124353],
  );
  const along = [0, 1, 2].map((column) =>
    weights.reduce((sum, weight, k) => sum + weight * ((goldenJacobian[k] as number[])[column] as number), 0),
  );
  expectClose(along, [0.497412, 0.812608, 0.812608]);
});

test('takes the mean losses of the first epoch as the base, where none is given', async () => {
  const paper = igb({ scale: 'paper' });
  const opened = openLosses(paper, 3);
  const ones = weighted(igb({ base: {}, scale: 'paper' }), [2, 3, 1]).weights;
  expectClose(opened.step([2, 3, 1]).weights, ones);
  await opened.epochEnd([4, 4, Number.NaN]);
  await opened.epochEnd([9, 9, 9]);
  const base = { task0: 4, task1: 4, task2: 1 };
  expectClose(opened.step([2, 3, 1]).weights, weighted(igb({ base, scale: 'paper' }), [2, 3, 1]).weights);
  opened.dispose();
});

test('refuses a base that is none', () => {
  expect(() => igb({ base: { task0: 0 } })).toThrow('`base.task0` must be a number above 0');
  expect(() => weighted(igb({ base: { other: 1 } }), [1])).toThrow('There is no task named `other`');
});
