import { expect, test } from 'vitest';
import { leaveOneOut, synergy } from '../../src/joint/leave-one-out.js';
import { higherOrderApproximation, pairwiseGains } from '../../src/joint/pairwise-gains.js';
import { relativeGain } from '../../src/joint/relative-gain.js';

test('gains have the sign of an improvement, whichever way scores and their signs are', () => {
  expect(relativeGain(2, 1, 'lower')).toBe(0.5);
  expect(relativeGain(2, 3, 'higher')).toBe(0.5);
  expect(relativeGain(-2, -1, 'higher')).toBe(0.5);
  expect(relativeGain(0, 1, 'higher')).toBeNaN();
  expect(relativeGain(NaN, 1, 'higher')).toBeNaN();
});

test('what i does for j, from scores of pairs', () => {
  const gains = pairwiseGains(
    [10, 0.5, 4],
    [
      { tasks: [0, 1], scores: [8, 0.6] },
      { tasks: [2, 1], scores: [5, 0.4] },
    ],
    ['lower', 'higher', 'lower'],
  );
  expect(gains[1]?.[0]).toBeCloseTo(0.2, 12);
  expect(gains[0]?.[1]).toBeCloseTo(0.2, 12);
  expect(gains[1]?.[2]).toBeCloseTo(-0.25, 12);
  expect(gains[2]?.[1]).toBeCloseTo(-0.2, 12);
  expect([gains[0]?.[0], gains[0]?.[2], gains[2]?.[0]]).toEqual([0, NaN, NaN]);
});

test('a group is worth the mean of its pairs', () => {
  const pairs = [
    [7, 1, 2],
    [3, 8, 4],
    [5, 6, 9],
  ];
  expect(higherOrderApproximation(pairs, 0, [0, 1, 2])).toBe(4);
  expect(higherOrderApproximation(pairs, 1, [1])).toBe(8);
});

test('leave one out, and synergy', () => {
  const found = leaveOneOut(
    [4, 2],
    [
      [NaN, 1],
      [8, NaN],
    ],
    ['lower', 'higher'],
  );
  expect(found).toEqual([
    [0, 1],
    [0.5, 0],
  ]);
  expect(synergy(3, 1, 1.5)).toBe(0.5);
});
