import { conformance } from '@polytask/core/testing';
import fc from 'fast-check';
import { test } from 'vitest';
import { pbi } from '../../src/loss-weighting/pbi.js';
import { scalarOf } from '../scalar.js';
import { expectClose, weighted } from '../support.js';

const claims = ['order-of-tasks'] as const;
for (const { name, run } of conformance('loss-weighting', pbi, { claims })) test(name, run);

test('worked out by hand', () => {
  const part = pbi({ scale: 'paper' });
  expectClose([scalarOf(part, [1, 3])], [2 * Math.SQRT2 + 5 * Math.SQRT2]);
  expectClose(weighted(part, [1, 3]).weights, [-4 * Math.SQRT1_2, 6 * Math.SQRT1_2]);
});

test('for two tasks d₂ is the distance from the ray, by the cross product', () => {
  const number = fc.double({ min: -5, max: 5, noNaN: true });
  fc.assert(
    fc.property(number, number, (a, b) => {
      const part = pbi({ preference: { task0: 3, task1: 4 }, theta: 2, ideal: { task0: 1 } });
      const along = (a - 1) * 0.6 + b * 0.8;
      const beside = Math.abs((a - 1) * 0.8 - b * 0.6);
      expectClose([scalarOf(part, [a, b])], [along + 2 * beside], 1e-4);
    }),
    { numRuns: 30 },
  );
});

test('of the tasks present alone', () => {
  expectClose(weighted(pbi({ scale: 'paper' }), [2, Number.NaN]).weights, [1, 0]);
  expectClose(weighted(pbi({ preference: { task0: 0 }, scale: 'paper' }), [2, Number.NaN]).weights, [5, 0]);
});

test.each([1e12, 1e20, 1e30])('goes on in proportion to losses of %d', (size) => {
  const part = pbi({ preference: { task0: 1, task1: 2 }, scale: 'paper' });
  const { value, weights } = weighted(part, [1.5 * size, 0.5 * size]);
  expectClose(weights, weighted(part, [1.5, 0.5]).weights);
  expectClose([value / size], [weighted(part, [1.5, 0.5]).value]);
  // On the ray, where the distance is 0 and has no slope.
  expectClose(weighted(part, [size, 2 * size]).weights, [1 / Math.sqrt(5), 2 / Math.sqrt(5)], 1e-4);
});
