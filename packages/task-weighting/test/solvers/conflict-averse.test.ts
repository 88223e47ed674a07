import { uniformStream } from '@polytask/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { conflictAverse } from '../../src/solvers/conflict-averse.js';
import { combined, gradients, gramianOf, inner } from './sample-gradients.js';

const length = (x: readonly number[]) => Math.hypot(...x);

test.each([2, 8, 64])('no direction in the ball does more for the task it does least for, among %d', (k) => {
  const draw = uniformStream('conflict-averse', k);
  const rows = Array.from({ length: k }, (_, i) =>
    Array.from({ length: 2 * k }, (_, j) => (1 + (i % 3)) * (2 * draw() - (j === 0 ? 0.4 : 1))),
  );
  const mean = combined(
    rows,
    rows.map(() => 1 / k),
  );
  const radius = 0.5 * length(mean);
  const direction = combined(rows, conflictAverse(gramianOf(rows), 0.5));
  const least = (d: readonly number[]) => Math.min(...rows.map((row) => inner(row, d)));
  expect(length(direction.map((value, i) => value - (mean[i] as number)))).toBeCloseTo(radius, 9);
  const found = least(direction);
  for (let n = 0; n < 200; n++) {
    const aside = direction.map((value) => value + (n % 2 === 0 ? 1e-3 : 0.3) * radius * (2 * draw() - 1));
    const offset = aside.map((value, i) => value - (mean[i] as number));
    const inBall = mean.map((value, i) => value + ((offset[i] as number) * radius) / Math.max(radius, length(offset)));
    expect(least(inBall)).toBeLessThanOrEqual(found + 1e-9);
  }
});

test.each([0, 20])('bears zero, equal, parallel and opposed gradients, with lengths of 1e±%d', (decades) => {
  fc.assert(
    fc.property(gradients(decades), fc.constantFrom(0, 0.4, 3), (rows, c) => {
      const weights = conflictAverse(gramianOf(rows), c);
      for (const weight of weights) {
        expect(Number.isFinite(weight)).toBe(true);
        expect(weight).toBeGreaterThanOrEqual(1 / rows.length);
      }
    }),
    { numRuns: 200, seed: 1 },
  );
});
