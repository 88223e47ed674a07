import { adam, sgd } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { lookaheadAffinity } from '../../src/observers/lookahead-affinity.js';
import { golden, observe } from '../loss-problem.js';

beforeAll(() => tf.setBackend('cpu'));

async function affinity(options: Parameters<typeof observe>[2]) {
  const seen = await observe<{ affinity: number[][] }>(golden, lookaheadAffinity(), options);
  return seen.affinity.flat();
}

const expectClose = (found: number[], expected: number[]) => {
  for (const [n, value] of found.entries()) expect(value).toBeCloseTo(expected[n] as number, 4);
};

test('of linear losses it is the first-order affinity times the learning rate', async () => {
  expectClose(await affinity({ optimizer: sgd({ learningRate: 0.1 }) }), [0.9, -2.2 / 3, -1.1, 3.8 / 3]);
});

test("takes the optimizer's step: Adam's first is the learning rate against the signs", async () => {
  expectClose(await affinity({ optimizer: adam({ learningRate: 0.1 }) }), [0.6 / 2, -0.4 / 3, -0.2 / 2, 0.8 / 3]);
});

test('an absent task takes no step and is not looked at', async () => {
  expect(await affinity({ absent: ['b'] })).toEqual([expect.closeTo(0.9, 4), NaN, NaN, NaN]);
});
