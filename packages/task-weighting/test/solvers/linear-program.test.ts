import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bestShares } from '../../src/solvers/linear-program.js';
import { expectClose } from '../support.js';
import { gradients, gramianOf, inner } from './sample-gradients.js';

test('takes the largest gain where nothing forbids it, and mixes where something does', () => {
  expectClose(bestShares([1, 3, 2], [], []), [0, 1, 0]);
  // β_1 − β_2 ≥ 0: half each is the best.
  expectClose(bestShares([1, 3], [[1, -1]], [0]), [0.5, 0.5]);
  // Losses are allowed too; the sum has to be 1 all the same.
  expectClose(bestShares([-1, -3], [[1, -1]], [-0.5]), [1, 0]);
});

test('refuses what no shares fulfil', () => {
  expect(() => bestShares([1, 1], [[-1, -1]], [0])).toThrow('with a sum of 1');
});

test('no other shares that fulfil all gain more', () => {
  const shares = fc.array(fc.double({ min: 0, max: 5, noNaN: true }), { minLength: 6, maxLength: 6 });
  fc.assert(
    fc.property(gradients(0), fc.array(shares, { minLength: 20, maxLength: 20 }), (rows, others) => {
      const k = rows.length;
      const gramian = gramianOf(rows);
      const lines = rows.map((_, i) => gramian.subarray(i * k, (i + 1) * k));
      const gains = rows.map((_, i) =>
        inner(
          lines[i] as Float64Array,
          rows.map((_, j) => j - 1),
        ),
      );
      const found = bestShares(
        gains,
        lines,
        rows.map(() => 0),
      );
      const size = Math.max(1, ...gains.map(Math.abs), ...gramian.map(Math.abs));
      for (const line of lines) expect(inner(line, found)).toBeGreaterThanOrEqual(-1e-7 * size);
      for (const other of others) {
        const exponentials = other.slice(0, k).map(Math.exp);
        const sum = exponentials.reduce((a, b) => a + b, 0);
        const candidate = exponentials.map((value) => value / sum);
        if (lines.some((line) => inner(line, candidate) < 0)) continue;
        expect(inner(gains, candidate)).toBeLessThanOrEqual(inner(gains, found) + 1e-7 * size);
      }
    }),
    { numRuns: 100, seed: 1 },
  );
});
