import { uniformStream } from '@polytask/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { minimumNorm } from '../../src/solvers/minimum-norm.js';
import { combined, gradients, gramianOf, inner } from './sample-gradients.js';

/** wᵀGw − min (Gw)_i: what the square of the length is above the least possible, at most. */
function gapOf(gramian: Float64Array, weights: Float64Array): number {
  const k = weights.length;
  const slopes = Array.from(weights, (_, i) => inner(gramian.subarray(i * k, (i + 1) * k), weights));
  const trace = slopes.reduce((sum, _, i) => sum + (gramian[i * (k + 1)] as number), 0);
  return trace === 0 ? 0 : (inner(weights, slopes) - Math.min(...slopes)) / trace;
}

test('of two is in closed form', () => {
  expect(Array.from(minimumNorm(Float64Array.of(18, -22, -22, 38)))).toEqual([0.6, 0.4]);
});

test.each([3, 8, 16, 64])('of %d random gradients has a gap below 1e-12 of the trace, however long they are', (k) => {
  const draw = uniformStream('minimum-norm', k);
  for (const columns of [Math.floor(k / 2), 2 * k]) {
    for (const decades of [0, 4, 20]) {
      const rows = Array.from({ length: k }, () => {
        const length = 10 ** (decades * (2 * draw() - 1));
        return Array.from({ length: columns }, () => length * (2 * draw() - 1));
      });
      const gramian = gramianOf(rows);
      const weights = minimumNorm(gramian);
      expect(gapOf(gramian, weights)).toBeLessThan(1e-12);
      expect(Math.min(...weights)).toBeGreaterThanOrEqual(0);
    }
  }
});

test.each([0, 20])('of zero, equal, parallel and opposed gradients, with lengths of 1e±%d', (decades) => {
  fc.assert(
    fc.property(gradients(decades), (rows) => {
      const gramian = gramianOf(rows);
      const weights = minimumNorm(gramian);
      expect(
        inner(
          weights,
          weights.map(() => 1),
        ),
      ).toBeCloseTo(1, 12);
      expect(gapOf(gramian, weights)).toBeLessThan(1e-12);
    }),
    { numRuns: 200, seed: 1 },
  );
});

test('a guess at the tasks with a weight changes nothing', () => {
  fc.assert(
    fc.property(
      gradients(2),
      fc.array(fc.integer({ min: 0, max: 1 }), { minLength: 6, maxLength: 6 }),
      (rows, guess) => {
        const gramian = gramianOf(rows);
        const start = rows.flatMap((_, i) => (guess[i] === 1 ? [i] : []));
        const [cold, warm] = [minimumNorm(gramian), minimumNorm(gramian, start)].map((w) => combined(rows, w));
        const size = Math.max(1e-9, ...rows.flat().map(Math.abs));
        cold?.forEach((value, i) => {
          expect(Math.abs(value - (warm?.[i] as number)) / size).toBeLessThan(1e-6);
        });
      },
    ),
    { numRuns: 100, seed: 1 },
  );
});
