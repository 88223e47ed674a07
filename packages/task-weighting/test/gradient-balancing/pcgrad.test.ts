import { conformance } from '@polytask/core/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { pcgrad } from '../../src/gradient-balancing/pcgrad.js';
import { balanced, expectClose, goldenJacobian } from '../support.js';

const claims = ['positive-weights'] as const;
for (const { name, run } of conformance('gradient-balancing', pcgrad, { claims })) test(name, run);

const paper = pcgrad({ scale: 'paper' });

test('golden values', async () => {
  const { weights, direction } = await balanced(paper, goldenJacobian);
  expectClose(weights, [2.222222, 1.578947]);
  expectClose(direction, [0.584795, 3.80117, 3.80117]);
});

test('equals the projections of the paper, carried out on the gradients themselves', async () => {
  const numbers = fc.array(fc.double({ min: -3, max: 3, noNaN: true }), { minLength: 4, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(numbers, numbers, async (a, b) => {
      const { direction } = await balanced(paper, [a, b]);
      const [p, q] = [without(a, b), without(b, a)];
      expectClose(
        direction,
        p.map((value, i) => value + (q[i] as number)),
        1e-4,
      );
    }),
    { numRuns: 30 },
  );
});

test('the order of projections follows from the seed', async () => {
  const conflicting = [
    [1, 0, 0.2],
    [-0.6, 0.8, 0],
    [-0.5, -0.9, 0.1],
  ];
  const orders = await Promise.all(
    [0, 0, 1, 2, 3, 4].map(async (seed) => (await balanced(paper, conflicting, undefined, { seed })).weights),
  );
  expect(orders[0]).toEqual(orders[1]);
  expect(new Set(orders.map(String)).size).toBeGreaterThan(1);
});

/** a without what points against b. */
function without(a: readonly number[], b: readonly number[]): number[] {
  const dot = (x: readonly number[], y: readonly number[]) =>
    x.reduce((sum, value, i) => sum + value * (y[i] as number), 0);
  const product = dot(a, b);
  return product < 0 ? a.map((value, i) => value - (product / dot(b, b)) * (b[i] as number)) : [...a];
}
