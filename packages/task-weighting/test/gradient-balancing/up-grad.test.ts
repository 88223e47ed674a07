import { conformance } from '@polytask/core/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { pcgrad } from '../../src/gradient-balancing/pcgrad.js';
import { upGrad } from '../../src/gradient-balancing/up-grad.js';
import { balanced, expectClose, goldenJacobian } from '../support.js';

const claims = ['order-of-tasks', 'positive-weights', 'non-conflicting'] as const;
for (const { name, run } of conformance('gradient-balancing', upGrad, { claims })) test(name, run);

const paper = upGrad({ scale: 'paper' });

test('golden values', async () => {
  const { weights, direction } = await balanced(paper, goldenJacobian);
  expectClose(weights, [1.111111, 0.789474]);
  expectClose(direction, [0.292398, 1.900585, 1.900585]);
});

test('of two tasks is half of PCGrad, which is the average form of DCGD', async () => {
  const numbers = fc.array(fc.double({ min: -3, max: 3, noNaN: true }), { minLength: 4, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(numbers, numbers, async (a, b) => {
      const { direction } = await balanced(paper, [a, b]);
      const twice = await balanced(pcgrad({ scale: 'paper' }), [a, b]);
      expectClose(
        direction,
        twice.direction.map((value) => value / 2),
        1e-4,
      );
    }),
    { numRuns: 20, seed: 1 },
  );
});

test('preferences are shares, by task name', async () => {
  // Orthogonal gradients need no projection.
  const preference = { task0: 3 };
  const rows = [
    [1, 0],
    [0, 1],
  ];
  expectClose((await balanced(upGrad({ preference, scale: 'paper' }), rows)).weights, [0.75, 0.25]);
  await expect(balanced(upGrad({ preference: { tusk0: 3 } }), rows)).rejects.toMatchObject({
    code: 'POLYTASK_UNKNOWN_NAME',
    option: 'preference',
  });
});
