import { conformance } from '@polytask/core/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { imtlG } from '../../src/gradient-balancing/imtl-g.js';
import { balanced, expectClose, goldenJacobian } from '../support.js';

const claims = ['order-of-tasks'] as const;
for (const { name, run } of conformance('gradient-balancing', imtlG, { claims })) test(name, run);

const paper = imtlG({ scale: 'paper' });

test('golden values', async () => {
  const { weights, direction } = await balanced(paper, goldenJacobian);
  expectClose(weights, [0.59233, 0.40767]);
  expectClose(direction, [0.076697, 1, 1]);
});

test('goes the same way along every gradient, with weights that sum to 1', async () => {
  const numbers = fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 5, maxLength: 5 });
  const rows = fc.array(numbers, { minLength: 2, maxLength: 3 });
  await fc.assert(
    fc.asyncProperty(rows, async (jacobian) => {
      const lengths = jacobian.map((row) => Math.hypot(...row));
      fc.pre(lengths.every((length) => length > 0));
      const { weights = [], direction } = await balanced(paper, jacobian);
      const total = (weights as number[]).reduce((sum, weight) => sum + weight, 0);
      if (total === 0) return;
      const size = (weights as number[]).reduce((sum, weight, i) => sum + Math.abs(weight) * (lengths[i] as number), 0);
      const along = jacobian.map(
        (row, i) => row.reduce((sum, value, j) => sum + value * (direction[j] as number), 0) / (lengths[i] as number),
      );
      expect(total).toBeCloseTo(1, 6);
      for (const one of along) expect(Math.abs(one - (along[0] as number)) / size).toBeLessThan(1e-3);
    }),
    { numRuns: 30, seed: 1 },
  );
});

test('of two tasks has weights inverse to the lengths, opposed gradients included', async () => {
  for (const sign of [1, -1])
    expectClose(
      (
        await balanced(paper, [
          [3, 0],
          [sign, 0],
        ])
      ).weights,
      [0.25, 0.75],
    );
});
