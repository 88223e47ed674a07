import { conformance } from '@polytask/core/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nashMtl } from '../../src/gradient-balancing/nash-mtl.js';
import { balanced, expectClose, goldenJacobian } from '../support.js';

const claims = ['order-of-tasks', 'positive-weights'] as const;
// With weights that hold for two steps; `fairGrad` has the same solver, anew at every step.
for (const { name, run } of conformance('gradient-balancing', () => nashMtl({ updateEvery: 2 }), { claims }))
  test(name, run);

const paper = nashMtl({ scale: 'paper' });

test('golden values', async () => {
  const { weights, direction } = await balanced(paper, goldenJacobian);
  expectClose(weights, [0.591461, 0.407071]);
  expectClose(direction, [0.076584, 0.998533, 0.998533]);
  const clipped = await balanced(nashMtl({ maxNorm: 1, scale: 'paper' }), goldenJacobian);
  expectClose(clipped.direction, [0.054153, 0.706069, 0.706069]);
});

test('does not depend on the units of losses, and is √K long', async () => {
  const factor = fc.double({ min: 1e-3, max: 1e3, noNaN: true });
  await fc.assert(
    fc.asyncProperty(factor, factor, async (s, t) => {
      const scaled = goldenJacobian.map((row, k) => row.map((value) => value * (k === 0 ? s : t)));
      const { direction } = await balanced(paper, scaled);
      expectClose(direction, [0.076584, 0.998533, 0.998533], 1e-4);
      expect(Math.hypot(...direction)).toBeCloseTo(Math.SQRT2, 4);
    }),
    { numRuns: 20, seed: 1 },
  );
});

test('of two tasks is in closed form: 1 / (‖g‖ √(1 + cos))', async () => {
  const { weights } = await balanced(paper, [
    [3, 4],
    [1, 0],
  ]);
  expectClose(weights, [1 / (5 * Math.sqrt(1.6)), 1 / Math.sqrt(1.6)]);
});
