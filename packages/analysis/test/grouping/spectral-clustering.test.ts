import { permutation, uniformStream } from '@polytask/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { clustersOf } from '../../src/grouping/clusters-of.js';
import { spectralClustering } from '../../src/grouping/spectral-clustering.js';
import { taskMatrix } from '../../src/numbers/matrices.js';

test('finds planted clusters of any sizes, however tasks are numbered', () => {
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 2, max: 3 }), (seed, clusters) => {
      const uniform = uniformStream(seed);
      const sizes = Array.from({ length: clusters }, (_, n) => 2 + ((seed >>> n) & 1));
      const blocks = sizes.flatMap((size, cluster) => new Array<number>(size).fill(cluster));
      const labels = Array.from(permutation(blocks.length, uniform), (n) => blocks[n] as number);
      const similarities = taskMatrix(labels.length, (i, j) => (labels[i] === labels[j] ? 0.8 : 0) + 0.2 * uniform());
      expect(spectralClustering(similarities, { clusters })).toEqual(clustersOf(labels));
    }),
    { numRuns: 40 },
  );
});

test('one cluster, as many as tasks, and tasks that are like no other', () => {
  const lone = [
    [0, 1, 0],
    [1, 0, 0],
    [0, 0, 0],
  ];
  expect(spectralClustering(lone, { clusters: 1 })).toEqual([[0, 1, 2]]);
  expect(spectralClustering(lone, { clusters: 2 })).toEqual([[0, 1], [2]]);
  expect(spectralClustering(lone, { clusters: 3 })).toEqual([[0], [1], [2]]);
  expect(
    () =>
      spectralClustering(
        [
          [0, -1],
          [1, 0],
        ],
        { clusters: 1 },
      ).length,
  ).not.toThrow();
  expect(() =>
    spectralClustering(
      [
        [0, -2],
        [1, 0],
      ],
      { clusters: 1 },
    ),
  ).toThrow(expect.objectContaining({ code: 'POLYTASK_INVALID_OPTION' }));
});
