import fc from 'fast-check';
import { expect, test } from 'vitest';
import { projectOnDualCone } from '../../src/solvers/dual-cone.js';
import { combined, gradients, gramianOf, inner } from './sample-gradients.js';

test('a mean that makes no task worse stays', () => {
  expect(Array.from(projectOnDualCone(Float64Array.of(1, 0, 0, 1), [0.5, 0.5]))).toEqual([0.5, 0.5]);
});

test.each([0, 20])(
  'what it gives is the nearest direction that makes no task worse, with lengths of 1e±%d',
  (decades) => {
    fc.assert(
      fc.property(gradients(decades), (rows) => {
        const u = rows.map(() => 1 / rows.length);
        const v = projectOnDualCone(gramianOf(rows), u);
        const direction = combined(rows, v);
        rows.forEach((row, i) => {
          // Sums of terms of very different sizes are right to rounding of the largest term.
          const terms = rows.reduce((sum, other, j) => sum + Math.abs((v[j] as number) * inner(row, other)), 0);
          const gain = inner(row, direction);
          const room = 1e-9 * Math.max(terms, Number.MIN_VALUE);
          expect(v[i]).toBeGreaterThanOrEqual(u[i] as number);
          expect(gain).toBeGreaterThanOrEqual(-room);
          // Complementary slackness: only tasks that gain nothing have more weight than they began with.
          if ((v[i] as number) > (u[i] as number) * (1 + 1e-9))
            expect(Math.abs(gain)).toBeLessThanOrEqual(1e-6 * terms);
        });
      }),
      { numRuns: 200, seed: 1 },
    );
  },
);
