import { uniformStream } from '@polytask/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { projectEachOnDualCone, projectOnDualCone } from '../../src/solvers/dual-cone.js';
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

/** The conditions that only the sum of the projections of every row by itself fulfils, of which there is one per row. */
function expectSumOfProjections(rows: readonly (readonly number[])[]) {
  const gramian = gramianOf(rows);
  const u = rows.map((_, i) => i + 1);
  const alone = rows.map((_, i) =>
    projectOnDualCone(
      gramian,
      rows.map((_, j) => (i === j ? (u[i] as number) : 0)),
    ),
  );
  // Weights of dependent gradients are not unique; directions are.
  const sum = combined(
    rows,
    rows.map((_, j) => alone.reduce((total, v) => total + (v[j] as number), 0)),
  );
  const together = combined(rows, projectEachOnDualCone(gramian, u));
  const size = Math.max(...rows.map((row, i) => (u[i] as number) * Math.sqrt(inner(row, row))), Number.MIN_VALUE);
  together.forEach((value, i) => {
    expect(Math.abs(value - (sum[i] as number)) / size).toBeLessThan(1e-6);
  });
}

test('all projections at once are those one by one', () => {
  fc.assert(fc.property(gradients(0), expectSumOfProjections), { numRuns: 200, seed: 1 });
});

test.each([96, 40, 32, 24])(
  'so they are for 40 tasks in %d dimensions, where directions are left for all or for none',
  (columns) => {
    const draw = uniformStream('dual-cone', columns);
    expectSumOfProjections(Array.from({ length: 40 }, () => Array.from({ length: columns }, () => 2 * draw() - 1)));
  },
);
