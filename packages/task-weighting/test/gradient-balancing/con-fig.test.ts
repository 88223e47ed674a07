import { conformance } from '@polytask/core/testing';
import fc from 'fast-check';
import { test } from 'vitest';
import { conFig } from '../../src/gradient-balancing/con-fig.js';
import { balanced, expectClose, goldenJacobian } from '../support.js';

const claims = ['order-of-tasks'] as const;
for (const { name, run } of conformance('gradient-balancing', conFig, { claims })) test(name, run);

const paper = conFig({ scale: 'paper' });

test('golden values', async () => {
  expectClose((await balanced(paper, goldenJacobian)).direction, [0.158809, 2.070607, 2.070607]);
});

test('of two tasks is the center form of DCGD', async () => {
  const numbers = fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 3, maxLength: 3 });
  await fc.assert(
    fc.asyncProperty(numbers, numbers, async (a, b) => {
      const [p, q] = [Math.hypot(...a), Math.hypot(...b)];
      fc.pre(p > 0 && q > 0);
      const center = a.map((value, i) => value / p + (b[i] as number) / q);
      const square = center.reduce((sum, value) => sum + value ** 2, 0);
      fc.pre(square > 1e-6);
      const along = center.reduce((sum, value, i) => sum + value * ((a[i] as number) + (b[i] as number)), 0);
      const { direction } = await balanced(paper, [a, b]);
      expectClose(
        direction,
        center.map((value) => (value * along) / square),
        1e-5,
      );
    }),
    { numRuns: 30, seed: 1 },
  );
});

test('cosines are in proportion to preferences', async () => {
  const rows = [
    [2, 0, 0],
    [0, 3, 0],
  ];
  const { direction } = await balanced(conFig({ preference: { task0: 2 } }), rows);
  expectClose([(direction[0] as number) / (direction[1] as number)], [2]);
});
