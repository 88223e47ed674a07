import { conformance } from '@polytask/core/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { peMtl } from '../../src/gradient-balancing/pe-mtl.js';
import { balanced, expectClose, goldenJacobian } from '../support.js';

const claims = ['order-of-tasks', 'positive-weights'] as const;
for (const { name, run } of conformance('gradient-balancing', peMtl, { claims })) test(name, run);

test('solves the equations of the paper', async () => {
  // Of two: w_1 = (G_22 − G_12) / (G_11 − 2 G_12 + G_22) = 60 / 100, as in MGDA, since no weight is negative.
  expectClose((await balanced(peMtl({ scale: 'paper' }), goldenJacobian)).weights, [0.6, 0.4]);
  // Least weights that the shortest combination keeps anyway change nothing.
  expectClose((await balanced(peMtl({ least: { task0: 0.5 }, scale: 'paper' }), goldenJacobian)).weights, [0.6, 0.4]);
  // Else the others share what is left.
  expectClose((await balanced(peMtl({ least: { task0: 0.8 }, scale: 'paper' }), goldenJacobian)).weights, [0.8, 0.2]);
});

test('the first problem is G w = const, and the second the nearest point of the simplex', async () => {
  const numbers = fc.array(fc.integer({ min: -5, max: 5 }), { minLength: 4, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(fc.array(numbers, { minLength: 3, maxLength: 3 }), async (rows) => {
      const { weights = [], direction } = await balanced(peMtl({ scale: 'paper' }), rows);
      const w = Array.from(weights as number[]);
      expectClose([w.reduce((sum, weight) => sum + weight, 0)], [1], 1e-6);
      if (w.some((weight) => weight < 1e-6)) return;
      // No weight was negative: d has the same product with all gradients.
      const products = rows.map((row) => row.reduce((sum, value, i) => sum + value * (direction[i] as number), 0));
      expectClose(
        products,
        products.map(() => products[0] as number),
        1e-3,
      );
    }),
    { numRuns: 30, seed: 1 },
  );
});

test('refuses least weights that leave nothing', () => {
  expect(() => openBound({ task0: 0.6, task1: 0.4 })).toThrow('with a sum below 1');
});

function openBound(least: { readonly [task: string]: number }) {
  return peMtl({ least }).bind({ tasks: ['task0', 'task1'] } as never);
}
