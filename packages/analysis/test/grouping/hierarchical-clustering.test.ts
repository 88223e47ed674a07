import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cutTree, hierarchicalClustering } from '../../src/grouping/hierarchical-clustering.js';
import { taskMatrix } from '../../src/numbers/matrices.js';

// Wikipedia's example of average linkage (UPGMA): heights 17, 22, 28, 33 as distances.
const known = [
  [0, 17, 21, 31, 23],
  [17, 0, 30, 34, 21],
  [21, 30, 0, 28, 39],
  [31, 34, 28, 0, 43],
  [23, 21, 39, 43, 0],
];

test('the known example', () => {
  const merges = hierarchicalClustering(known);
  expect(merges.map(({ distance }) => distance)).toEqual([17, 22, 28, 33]);
  expect(merges.map(({ clusters }) => clusters)).toEqual([
    [0, 1],
    [5, 4],
    [2, 3],
    [6, 7],
  ]);
  expect(merges.at(-1)?.tasks).toEqual([0, 1, 4, 2, 3]);
  expect(cutTree(merges, 2)).toEqual([
    [0, 1, 4],
    [2, 3],
  ]);
  expect(cutTree(merges, 5)).toEqual([[0], [1], [2], [3], [4]]);
  expect(cutTree(merges, 1)).toEqual([[0, 1, 2, 3, 4]]);
});

test('distances rise, cuts nest, and both directions count the same', () => {
  const matrix = fc.array(fc.array(fc.integer({ min: -20, max: 20 }), { minLength: 5, maxLength: 5 }), {
    minLength: 5,
    maxLength: 5,
  });
  fc.assert(
    fc.property(matrix, (distances) => {
      const merges = hierarchicalClustering(distances);
      merges.slice(1).forEach(({ distance }, n) => {
        expect(distance).toBeGreaterThanOrEqual((merges[n]?.distance as number) - 1e-9);
      });
      const turned = taskMatrix(5, (i, j) => distances[j]?.[i] as number);
      expect(hierarchicalClustering(turned)).toEqual(merges);
      for (const cluster of cutTree(merges, 3)) {
        expect(cutTree(merges, 2).some((larger) => cluster.every((task) => larger.includes(task)))).toBe(true);
      }
    }),
  );
});

test('one task has no merge; a number of clusters that there cannot be is refused', () => {
  expect(hierarchicalClustering([[0]])).toEqual([]);
  expect(cutTree([], 1)).toEqual([[0]]);
  expect(() => cutTree([], 2)).toThrow(expect.objectContaining({ code: 'POLYTASK_INVALID_OPTION' }));
});
