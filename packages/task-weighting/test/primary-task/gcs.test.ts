import { conformance } from '@polytask/core/testing';
import fc from 'fast-check';
import { test } from 'vitest';
import { gcs } from '../../src/primary-task/gcs.js';
import { balanced, expectClose, goldenJacobian } from '../support.js';
import { cosine, firstOf, jacobians } from './support.js';

const claims = ['positive-weights', 'order-of-tasks'] as const;
for (const { name, run } of conformance('gradient-balancing', (tasks) => gcs(firstOf(tasks)), { claims }))
  test(name, run);

test('golden values', async () => {
  for (const form of ['unweighted', 'weighted'] as const) {
    const { direction } = await balanced(gcs({ primary: 'task0', form, scale: 'paper' }), goldenJacobian);
    expectClose(direction, [-4, 1, 1]);
  }
});

test('weighs by the cosine, or by its sign', async () => {
  await fc.assert(
    fc.asyncProperty(jacobians, async (rows) => {
      const cosines = rows.map((row) => cosine(row, rows[1] as number[]));
      const weighted = await balanced(gcs({ primary: 'task1', form: 'weighted', scale: 'paper' }), rows);
      const found = cosines.map((one, k) => (k === 1 ? 1 : Math.max(0, one)));
      expectClose(weighted.weights, found, 1e-4);
      // Where the sign hangs on rounding it may be either.
      fc.pre(cosines.every((one) => Math.abs(one) > 1e-4));
      const unweighted = await balanced(gcs({ primary: 'task1', scale: 'paper' }), rows);
      expectClose(unweighted.weights, found.map(Math.sign));
    }),
    { numRuns: 20 },
  );
});

test('a gradient of zero has a cosine of 0', async () => {
  const rows = [
    [0, 0],
    [1, 2],
  ];
  expectClose((await balanced(gcs({ primary: 'task1', scale: 'paper' }), rows)).weights, [0, 1]);
  expectClose((await balanced(gcs({ primary: 'task0', scale: 'paper' }), rows)).weights, [1, 0]);
});
