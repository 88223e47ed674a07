import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { firstOrderAffinity } from '../../src/observers/first-order-affinity.js';
import { golden, linearLosses, observe } from '../loss-problem.js';

type Seen = { affinity: number[][] };

beforeAll(() => tf.setBackend('cpu'));

test('golden values', async () => {
  const { affinity } = await observe<Seen>(golden, firstOrderAffinity());
  const expected = [
    [9, -22 / 3],
    [-11, 38 / 3],
  ];
  affinity.forEach((row, i) => {
    for (const [j, value] of row.entries()) expect(value).toBeCloseTo(expected[i]?.[j] as number, 4);
  });
});

test('tasks that are absent, or whose loss is not above 0, are left out', async () => {
  const problem = linearLosses(
    [
      [1, 0],
      [1, 1],
      [1, 0],
    ],
    [2, 0, 4],
  );
  const { affinity } = await observe<Seen>(problem, firstOrderAffinity(), { absent: ['c'] });
  expect(affinity).toEqual([
    [0.5, NaN, NaN],
    [0.5, NaN, NaN],
    [NaN, NaN, NaN],
  ]);
});
