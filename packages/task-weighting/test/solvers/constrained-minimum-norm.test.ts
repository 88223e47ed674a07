import fc from 'fast-check';
import { expect, test } from 'vitest';
import { constrainedMinimumNorm } from '../../src/solvers/constrained-minimum-norm.js';
import { minimumNorm } from '../../src/solvers/minimum-norm.js';

const inner = (a: readonly number[], b: readonly number[]) =>
  a.reduce((sum, one, i) => sum + one * (b[i] as number), 0);
const unit = (vector: readonly number[]) => vector.map((one) => one / Math.hypot(...vector));
const gramianOf = (rows: readonly (readonly number[])[]) =>
  Float64Array.from(rows.flatMap((a) => rows.map((b) => inner(a, b))));

/** d of the primal problem. */
function directionOf(rows: readonly (readonly number[])[], q: readonly number[], descent: number): number[] {
  const products = rows.map((row) => inner(row, q));
  const { weights, pulls } = constrainedMinimumNorm(gramianOf(rows), { products, square: inner(q, q), descent });
  const nu = Math.max(0, inner(Array.from(weights), Array.from(pulls)));
  return q.map(
    (one, i) => -rows.reduce((sum, row, k) => sum + (weights[k] as number) * (row[i] as number), 0) - nu * one,
  );
}

test('two opposite gradients across a constraint, by hand', () => {
  // Along g_1 = −g_2 nothing is to be gained, so d is what the constraint asks for: −φ q.
  const d = directionOf(
    [
      [1, 0],
      [-1, 0],
    ],
    [0, 2],
    0.5,
  );
  expect(d[0]).toBeCloseTo(0, 8);
  expect(d[1]).toBeCloseTo(-1, 8);
});

test('where the constraint holds by itself it changes nothing', () => {
  const rows = [unit([1, 0.2]), unit([0.1, 1])];
  const constraint = { products: rows.map((row) => inner(row, [1, 1])), square: 2, descent: 0.1 };
  expect(constrainedMinimumNorm(gramianOf(rows), constraint).weights).toEqual(minimumNorm(gramianOf(rows)));
  expect(constrainedMinimumNorm(gramianOf(rows), { products: [0, 0], square: 0, descent: 0.1 }).weights).toEqual(
    minimumNorm(gramianOf(rows)),
  );
});

test('d keeps to the constraint, and no direction near it that does is better for the worst task', () => {
  const number = fc.double({ min: -2, max: 2, noNaN: true });
  const vector = fc.array(number, { minLength: 4, maxLength: 4 }).filter((one) => Math.hypot(...one) > 0.1);
  fc.assert(
    fc.property(
      fc.array(vector, { minLength: 1, maxLength: 5 }),
      vector,
      fc.double({ min: 0.05, max: 2, noNaN: true }),
      fc.array(vector, { minLength: 8, maxLength: 8 }),
      (given, q, descent, changes) => {
        const rows = given.map(unit);
        const d = directionOf(rows, q, descent);
        const square = inner(q, q);
        expect(inner(q, d)).toBeLessThanOrEqual(-descent * square + 1e-4 * (1 + square));
        const cost = (one: readonly number[]) => Math.max(...rows.map((row) => inner(row, one))) + inner(one, one) / 2;
        for (const change of changes) {
          for (const size of [1e-3, 0.05, 0.5]) {
            const moved = d.map((one, i) => one + size * (change[i] as number));
            // Moved back into the half space of the constraint.
            const over = Math.max(0, (inner(q, moved) + descent * square) / square);
            const allowed = moved.map((one, i) => one - over * (q[i] as number));
            expect(cost(allowed)).toBeGreaterThanOrEqual(cost(d) - 1e-4);
          }
        }
      },
    ),
    { numRuns: 200 },
  );
});
