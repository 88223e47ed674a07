import { uniformStream } from '@polytask/core';
import { expect, test } from 'vitest';
import { representationalSimilarity } from '../../src/features/representational-similarity.js';
import { randomRows } from '../golden.js';

// Correlations of rows of x: 1, −1, −1; of y: −1, 1, −1. Distances (0, 2, 2) and (2, 0, 2): ranks (1, 2.5, 2.5), (2.5, 1, 2.5).
test('by hand', () => {
  const x = [
    [0, 1],
    [2, 5],
    [1, 0],
  ];
  const y = [
    [0, 1],
    [1, 0],
    [3, 9],
  ];
  expect(representationalSimilarity(x, y)).toBeCloseTo(-0.5, 6);
});

test('neither scale nor offset of a row matters, and unrelated features are not alike', () => {
  const uniform = uniformStream('rsa');
  const [x, y] = [randomRows(20, 5, uniform), randomRows(20, 5, uniform)];
  const scaled = x.map((row, n) => row.map((value) => (n + 1) * value - n));
  expect(representationalSimilarity(x, scaled)).toBeCloseTo(1, 3);
  expect(Math.abs(representationalSimilarity(x, y))).toBeLessThan(0.2);
});

test('a row whose features are all the same is as far from every other', () => {
  const x = [
    [0, 0, 0],
    [1, 2, 3],
    [3, 2, 2],
    [1, 5, 2],
  ];
  expect(Number.isFinite(representationalSimilarity(x, x))).toBe(true);
  expect(representationalSimilarity(x, x)).toBeCloseTo(1, 6);
});
