import { uniformStream } from '@polytask/core';
import { expect, test } from 'vitest';
import { hScore } from '../../src/transfer/h-score.js';
import { randomRows } from '../golden.js';

// One feature: class means ±1 of features ±1 ± ½, so that the ratio of variances is 1 / 1.25.
test('by hand', () => {
  expect(hScore([[1.5], [0.5], [-0.5], [-1.5]], [0, 0, 1, 1])).toBeCloseTo(1 / 1.25, 10);
});

test('no invertible map of the features changes it; a repeated feature adds nothing', () => {
  const f = randomRows(30, 3, uniformStream('h'));
  const labels = f.map(([a = 0, b = 0]) => (a > 0.2 ? 2 : b > 0 ? 1 : 0));
  const found = hScore(f, labels);
  const mapped = f.map(([a = 0, b = 0, c = 0]) => [3 * a + b, b - c, 10 * c + 4]);
  expect(hScore(mapped, labels)).toBeCloseTo(found, 8);
  expect(
    hScore(
      f.map((row) => [...row, row[0] as number]),
      labels,
    ),
  ).toBeCloseTo(found, 8);
  expect(hScore([...f, [9, 9, 9]], [...labels, -1])).toBeCloseTo(found, 12);
});

test('with as many features as rows any labels score all there is, unless it is shrunk', () => {
  const f = randomRows(10, 12, uniformStream('wide'));
  const labels = [0, 1, 0, 1, 1, 0, 0, 1, 0, 1];
  expect(hScore(f, labels)).toBeCloseTo(1, 8);
  expect(hScore(f, labels, { shrinkage: 0.5 })).toBeLessThan(0.9);
});
