import { conformance } from '@polytask/core/testing';
import fc from 'fast-check';
import { test } from 'vitest';
import { pNorm } from '../../src/loss-weighting/p-norm.js';
import { tchebycheff } from '../../src/loss-weighting/tchebycheff.js';
import { scalarOf } from '../scalar.js';
import { expectClose, weighted } from '../support.js';

const claims = ['order-of-tasks', 'positive-weights'] as const;
for (const { name, run } of conformance('loss-weighting', pNorm, { claims })) test(name, run);

test('is the norm, with its derivatives', () => {
  const losses = fc.array(fc.double({ min: 0.01, max: 100, noNaN: true }), { minLength: 3, maxLength: 3 });
  fc.assert(
    fc.property(losses, fc.constantFrom(1, 1.5, 2, 8), (found, p) => {
      const part = pNorm({ p, preference: { task0: 2 }, scale: 'paper' });
      const r = [0.5, 0.25, 0.25];
      const sizes = found.map((loss, k) => loss * (r[k] as number));
      const norm = sizes.reduce((sum, size) => sum + size ** p, 0) ** (1 / p);
      expectClose([scalarOf(part, found) / norm], [1], 1e-5);
      const weights = sizes.map((size, k) => (r[k] as number) * (size / norm) ** (p - 1));
      expectClose(weighted(part, found).weights, weights, 1e-5);
    }),
    { numRuns: 30 },
  );
});

test('for a large p it is the maximum, even of losses whose powers overflow', () => {
  const losses = [2e10, 3e10, 1];
  expectClose([scalarOf(pNorm({ p: 300 }), losses) / 1e10], [1], 1e-4);
  expectClose(weighted(pNorm({ p: 300 }), losses).weights, weighted(tchebycheff(), losses).weights);
});

test('pushes a loss below its ideal back up, and is 0 where all are ideal', () => {
  const part = pNorm({ p: 1, ideal: { task0: 2 }, scale: 'paper' });
  expectClose(weighted(part, [1, 1]).weights, [-0.5, 0.5]);
  expectClose(weighted(pNorm({ ideal: { task0: 2 } }), [2, 0]).weights, [0, 0]);
});

test('a loss that is ideal pulls neither way under p = 1', () => {
  expectClose(weighted(pNorm({ p: 1, scale: 'paper' }), [0, 1]).weights, [0, 0.5]);
});
