import { conformance } from '@polytask/core/testing';
import fc from 'fast-check';
import { test } from 'vitest';
import { geometricMean } from '../../src/loss-weighting/geometric-mean.js';
import { scalarOf } from '../scalar.js';
import { expectClose, weighted } from '../support.js';

const claims = ['order-of-tasks', 'positive-weights'] as const;
for (const { name, run } of conformance('loss-weighting', geometricMean, { claims })) test(name, run);

const paper = geometricMean({ scale: 'paper' });

test('golden values', () => {
  // d = Jᵀw = (0, 1.020621, ·) for the golden Jacobian.
  const [a = 0, b = 0] = weighted(paper, [2, 3]).weights;
  expectClose([-4 * a + 6 * b, a + b], [0, 1.020621]);
});

test('is the geometric mean, also of many small losses, which as a product underflow', () => {
  const losses = Array.from({ length: 40 }, (_, k) => 1e-6 * (k + 1));
  const mean = Math.exp(losses.reduce((sum, loss) => sum + Math.log(loss), 0) / 40);
  expectClose([scalarOf(paper, losses) / mean], [1], 1e-5);
});

test('every task has the same part, w L = mean / K', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 1e-3, max: 1e3, noNaN: true }), { minLength: 2, maxLength: 5 }), (losses) => {
      const mean = scalarOf(paper, losses);
      const parts = weighted(paper, losses).weights.map((weight, k) => (weight * (losses[k] as number)) / mean);
      expectClose(
        parts,
        losses.map(() => 1 / losses.length),
        1e-5,
      );
    }),
    { numRuns: 20 },
  );
});
