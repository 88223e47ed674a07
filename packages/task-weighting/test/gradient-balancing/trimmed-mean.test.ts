import { conformance } from '@polytask/core/testing';
import fc from 'fast-check';
import { test } from 'vitest';
import { trimmedMean } from '../../src/gradient-balancing/trimmed-mean.js';
import { balanced, expectClose } from '../support.js';

const claims = ['order-of-tasks'] as const;
for (const { name, run } of conformance('gradient-balancing', trimmedMean, { claims })) test(name, run);

test('is the mean of the middle entries of every column', async () => {
  const numbers = fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 3, maxLength: 3 });
  const rows = fc.array(numbers, { minLength: 1, maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(rows, fc.integer({ min: 0, max: 3 }), async (jacobian, trim) => {
      const k = jacobian.length;
      const left = Math.min(trim, Math.floor((k - 1) / 2));
      const expected = [0, 1, 2].map((p) => {
        const column = jacobian.map((row) => row[p] as number).sort((a, b) => a - b);
        const kept = column.slice(left, k - left);
        return kept.reduce((sum, value) => sum + value, 0) / kept.length;
      });
      expectClose((await balanced(trimmedMean({ trim, scale: 'paper' }), jacobian)).direction, expected);
    }),
    { numRuns: 40, seed: 1 },
  );
});

test('leaves absent tasks out, and sums over those present under the scale of tasks', async () => {
  const rows = [[1], [2], [6], [50]];
  expectClose((await balanced(trimmedMean(), rows, [1, 1, 1, Number.NaN])).direction, [6]);
  // Outliers do not touch what is left.
  expectClose((await balanced(trimmedMean(), [[1], [2], [6], [1e20]])).direction, [16]);
});
