import { conformance } from '@polytask/core/testing';
import { expect, test } from 'vitest';
import { dynamicWeightAverage } from '../../src/loss-weighting/dynamic-weight-average.js';
import { expectClose, openLosses } from '../support.js';

const claims = ['order-of-tasks', 'positive-weights'] as const;
for (const { name, run } of conformance('loss-weighting', dynamicWeightAverage, { claims })) test(name, run);

/** Weights after epochs with these mean losses. */
async function after(...epochs: readonly (readonly number[])[]): Promise<number[]> {
  const opened = openLosses(dynamicWeightAverage({ scale: 'paper' }), epochs[0]?.length ?? 0);
  for (const means of epochs) await opened.epochEnd(means);
  const { weights } = opened.step(epochs.at(-1)?.map(() => 1) ?? []);
  opened.dispose();
  return weights;
}

test('golden values', async () => {
  expectClose(await after([4, 4], [3, 2]), [1.062419, 0.937581]);
});

test('starts with ones, and goes by the last two epochs', async () => {
  expect(await after([4, 4])).toEqual([1, 1]);
  expect(await after([1, 9], [4, 4], [3, 2])).toEqual(await after([4, 4], [3, 2]));
});

test('a ratio that is no number counts as one: a loss of 0, a task without labels', async () => {
  const stood = await after([4, 4, 4], [4, 4, 2]);
  expect(await after([0, Number.NaN, 4], [0, 3, 2])).toEqual(stood);
  expect(await after([3, 3, 4], [Number.NaN, 3, 2])).toEqual(stood);
});
