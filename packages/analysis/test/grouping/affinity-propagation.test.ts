import { uniformStream } from '@polytask/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { affinityPropagation } from '../../src/grouping/affinity-propagation.js';
import { taskMatrix } from '../../src/numbers/matrices.js';

test('finds planted clusters and their number', () => {
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 1, max: 3 }), (seed, clusters) => {
      const uniform = uniformStream(seed);
      const similarities = taskMatrix(3 * clusters, (i, j) => (i % clusters === j % clusters ? -1 : -9) + uniform());
      const expected = Array.from({ length: clusters }, (_, n) => [n, n + clusters, n + 2 * clusters]);
      expect(affinityPropagation(similarities, { preference: -4 })).toEqual(expected);
    }),
    { numRuns: 20 },
  );
});

test('the preference decides how many; ties settle', () => {
  const alike = taskMatrix(4, (i, j) => (i === j ? 0 : -1));
  expect(affinityPropagation(alike, { preference: -0.01 })).toHaveLength(4);
  expect(affinityPropagation(alike, { preference: -10 })).toHaveLength(1);
  expect(affinityPropagation([[3]])).toEqual([[0]]);
  expect(() => affinityPropagation(alike, { damping: 1 })).toThrow(
    expect.objectContaining({ code: 'POLYTASK_INVALID_OPTION' }),
  );
});
