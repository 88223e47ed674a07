import { uniformStream } from '@polytask/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalCorrelations, svcca } from '../../src/features/canonical-correlation.js';
import { pearsonCorrelation } from '../../src/labels/correlation.js';
import { randomRows } from '../golden.js';

test('of one column each it is the size of the correlation', () => {
  const [x, y] = [
    [1, 4, 2, 8, 5],
    [3, 1, 2, 0, 5],
  ];
  const [found] = canonicalCorrelations(
    x.map((value) => [value]),
    y.map((value) => [value]),
  );
  expect(found).toBeCloseTo(Math.abs(pearsonCorrelation(x, y)), 10);
});

test('of one column with several it is the root of R²', () => {
  // y = 1 + 2 a − b + r with r orthogonal to 1, a and b; its squares: 4 + 1 + ¼ of each column's 4.
  const [a, b, r] = [
    [1, 1, -1, -1],
    [1, -1, 1, -1],
    [0.5, -0.5, -0.5, 0.5],
  ] as [number[], number[], number[]];
  const y = a.map((value, n) => [1 + 2 * value - (b[n] as number) + (r[n] as number)]);
  const [found] = canonicalCorrelations(
    a.map((value, n) => [value, b[n] as number]),
    y,
  );
  expect(found).toBeCloseTo(Math.sqrt(5 / 5.25), 10);
});

test('no invertible map of a side changes them', () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const uniform = uniformStream(seed);
      const [x, y] = [randomRows(12, 3, uniform), randomRows(12, 2, uniform)];
      const mixed = x.map(([a = 0, b = 0, c = 0]) => [100 * a + b, b - 3 * c + 5, a + c]);
      const [found, again] = [canonicalCorrelations(x, y), canonicalCorrelations(mixed, y)];
      expect(found).toHaveLength(2);
      for (const [n, value] of found.entries()) expect(again[n]).toBeCloseTo(value, 8);
      expect(found[0]).toBeGreaterThanOrEqual(found[1] as number);
    }),
  );
});

test('columns that repeat others, or stand still, add nothing', () => {
  const x = [
    [1, 2, 7],
    [2, 4, 7],
    [3, 6, 7],
    [5, 10, 7],
  ];
  expect(canonicalCorrelations(x, [[1], [0], [2], [1]])).toHaveLength(1);
  expect(canonicalCorrelations([[1], [1], [1]], [[1], [2], [3]])).toEqual([]);
});

test('SVCCA leaves out directions of little variance', () => {
  const uniform = uniformStream('svcca');
  const [shared, noise, other] = [randomRows(60, 2, uniform), randomRows(60, 2, uniform), randomRows(60, 2, uniform)];
  const x = shared.map((row, n) => [...row, ...(noise[n] as number[]).map((value) => value / 100)]);
  const y = shared.map((row, n) => [...row, ...(other[n] as number[]).map((value) => value / 100)]);
  expect(svcca(x, y)).toBeCloseTo(1, 3);
  expect(svcca(x, y, { variance: 1 })).toBeLessThan(0.75);
  expect(svcca([[1], [1]], [[1], [2]])).toBeNaN();
});
