import { uniformStream } from '@polytask/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bargainingWeights } from '../../src/solvers/bargaining.js';
import { expectClose } from '../support.js';
import { gradients, gramianOf, inner } from './sample-gradients.js';

/** The most that α_i^e (G α)_i is off c_i, as a share of it. */
function offOf(gramian: Float64Array, weights: Float64Array, c: readonly number[], exponent: number): number {
  const k = weights.length;
  return Math.max(
    ...c.map((right, i) => {
      const gain = inner(gramian.subarray(i * k, (i + 1) * k), weights);
      return Math.abs((gain * (weights[i] as number) ** exponent) / right - 1);
    }),
  );
}

test.each([0.5, 1, 2])('solves (G α)_i = c_i α_i^-%d for 2 to 64 tasks and lengths over many decades', (exponent) => {
  for (const k of [2, 8, 64]) {
    const draw = uniformStream('bargaining', k);
    for (const decades of [0, 6]) {
      const rows = Array.from({ length: k }, () => {
        const length = 10 ** (decades * (2 * draw() - 1));
        return Array.from({ length: 3 * k }, () => length * (2 * draw() - 1));
      });
      const gramian = gramianOf(rows);
      const c = rows.map((_, i) => 1 + i / k);
      const weights = bargainingWeights(gramian, c, exponent);
      expect(Math.min(...weights)).toBeGreaterThan(0);
      // Tasks with tiny gradients gain through large weights; the rest of their sum cancels.
      expect(offOf(gramian, weights, c, exponent)).toBeLessThan(decades === 0 ? 1e-9 : 1e-5);
    }
  }
});

test('orthogonal gradients of 1e±20 each get what they would alone', () => {
  const weights = bargainingWeights(Float64Array.of(1e40, 0, 0, 0, 1, 0, 0, 0, 1e-40), [1, 1, 1], 1);
  expectClose(
    weights.map((weight, i) => weight * ([1e20, 1, 1e-20][i] as number)),
    [1, 1, 1],
  );
});

test.each([0, 20])('bears zero, equal, parallel and opposed gradients, with lengths of 1e±%d', (decades) => {
  fc.assert(
    fc.property(gradients(decades), fc.constantFrom(0.3, 0.5, 1, 3), (rows, exponent) => {
      const weights = bargainingWeights(
        gramianOf(rows),
        rows.map(() => 1),
        exponent,
      );
      rows.forEach((row, i) => {
        expect(Number.isFinite(weights[i])).toBe(true);
        expect(weights[i] === 0).toBe(row.every((value) => value === 0));
      });
    }),
    { numRuns: 200, seed: 1 },
  );
});
