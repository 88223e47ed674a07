import { sgd } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { changesOf, learn, proximalAffinity } from '../../src/observers/proximal-affinity.js';
import { linearLosses, observe } from '../loss-problem.js';

type Seen = { affinity: number[][]; suggestedGroups: string[][] };

beforeAll(() => tf.setBackend('cpu'));

test('golden changes', () => {
  const found = changesOf([2, 3, 1], [1.8, 3.3, 0.9], 1);
  for (const [task, value] of [0.1, -0.1, 0.1].entries()) expect(found[task]).toBeCloseTo(value, 12);
  expect(changesOf([2, 0], [1, 0], 2)).toEqual([0.25, NaN]);
});

test('the running means by the rules of the paper', () => {
  const none = [
    [0, 0, 0],
    [0, 0, 0],
    [0, 0, 0],
  ];
  // Task 0 alone: what it does to itself and to both others.
  expect(learn(none, [0], [0.2, -0.4, 0.6], 0.5)).toEqual([
    [0.1, -0.2, 0.3],
    [0, 0, 0],
    [0, 0, 0],
  ]);
  // 0 and 1 together went opposite ways: neither helped the other; what is harmful to oneself is not learned.
  const together = learn(none, [0, 1], [0.2, -0.4, 0.6], 0.5);
  expect(together).toEqual([
    [0.1, -0.1, 0.3],
    [-0.1, 0, 0.3],
    [0, 0, 0],
  ]);
  // The same way: what happened to the other one.
  expect(learn(none, [0, 1], [0.2, 0.4, NaN], 0.5)).toEqual([
    [0.1, 0.2, 0],
    [0.1, 0.2, 0],
    [0, 0, 0],
  ]);
});

test('of linear losses, tasks one after the other; groups by what they do for each other', async () => {
  const problem = linearLosses(
    [
      [1, 0],
      [1, 0.1],
      [-1, 2],
    ],
    [4, 4, 4],
  );
  const options = { steps: 5, optimizer: sgd({ learningRate: 1e-4 }) };
  const { affinity, suggestedGroups } = await observe<Seen>(
    problem,
    proximalAffinity({ interval: 1, rate: 1 }),
    options,
  );
  // So small a step changes no loss that others see: Z = η G / L.
  expect(affinity[0]?.[1]).toBeCloseTo(1e-4 / 4, 6);
  expect(affinity[0]?.[2]).toBeLessThan(0);
  expect(affinity[2]?.[2]).toBeGreaterThan(0);
  expect(suggestedGroups.map((group) => group.join('')).sort()).toEqual(['ab', 'c']);
});

test('groups hold every task once', async () => {
  const problem = linearLosses([[1], [1]], [1, 1]);
  const { affinity } = await observe<Seen>(problem, proximalAffinity({ groups: [['a', 'b']], rate: 1 }));
  // One step on the sum: both losses fall by 0.2, halved for two tasks.
  expect(affinity.flat().map((value) => value.toFixed(4))).toEqual(Array(4).fill('0.1000'));
  await expect(observe(problem, proximalAffinity({ groups: [['a'], ['a', 'b']] }))).rejects.toMatchObject({
    code: 'POLYTASK_INVALID_OPTION',
  });
});
