import fc from 'fast-check';
import { expect, test } from 'vitest';
import { clusterMeans } from '../src/cluster-means.js';

const squares = (values: readonly number[], means: ArrayLike<number>) =>
  values.reduce((sum, value, i) => sum + (value - (means[i] as number)) ** 2, 0);

/** The least sum of squares over all ways to give each number one of the groups. */
function least(values: readonly number[], groups: number): number {
  let best = Number.POSITIVE_INFINITY;
  for (let code = 0; code < groups ** values.length; code++) {
    const group = values.map((_, i) => Math.floor(code / groups ** i) % groups);
    const means = group.map((own) => {
      const members = values.filter((_, j) => group[j] === own);
      return members.reduce((sum, one) => sum + one, 0) / members.length;
    });
    best = Math.min(best, squares(values, means));
  }
  return best;
}

test('worked out by hand', () => {
  expect(Array.from(clusterMeans([9, 1, 2, 10, 3], 2))).toEqual([9.5, 2, 2, 9.5, 2]);
  expect(Array.from(clusterMeans([4, 1, 1], 1))).toEqual([2, 2, 2]);
  expect(Array.from(clusterMeans([4, 1, 2], 9))).toEqual([4, 1, 2]);
  expect(Array.from(clusterMeans([5, 5], 2))).toEqual([5, 5]);
});

test('no other clusters are tighter', () => {
  const values = fc.array(fc.integer({ min: -20, max: 20 }), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(values, fc.integer({ min: 1, max: 3 }), (numbers, groups) => {
      const found = clusterMeans(numbers, groups);
      expect(new Set(found).size).toBeLessThanOrEqual(groups);
      expect(squares(numbers, found)).toBeCloseTo(least(numbers, groups), 8);
    }),
    { numRuns: 50 },
  );
});
