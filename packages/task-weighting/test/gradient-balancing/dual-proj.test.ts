import { conformance } from '@polytask/core/testing';
import fc from 'fast-check';
import { test } from 'vitest';
import { dualProj } from '../../src/gradient-balancing/dual-proj.js';
import { balanced, expectClose, goldenJacobian } from '../support.js';

const claims = ['order-of-tasks', 'positive-weights', 'non-conflicting'] as const;
for (const { name, run } of conformance('gradient-balancing', dualProj, { claims })) test(name, run);

const paper = dualProj({ scale: 'paper' });

test('golden values', async () => {
  const { weights, direction } = await balanced(paper, goldenJacobian);
  expectClose(weights, [0.611111, 0.5]);
  expectClose(direction, [0.555556, 1.111111, 1.111111]);
});

test('is the mean where that makes no task worse', async () => {
  const rows = [
    [1, 0.5],
    [-0.5, 2],
    [0, 1],
  ];
  expectClose((await balanced(paper, rows)).weights, [1 / 3, 1 / 3, 1 / 3]);
});

test('of two tasks is half of the projection form of DCGD', async () => {
  const number = fc.double({ min: -5, max: 5, noNaN: true });
  const row = fc.tuple(number, number, number).filter((one) => Math.hypot(...one) > 0.1);
  await fc.assert(
    fc.asyncProperty(row, row, async (a, b) => {
      const dot = (x: readonly number[], y: readonly number[]) =>
        x.reduce((sum, v, i) => sum + v * (y[i] as number), 0);
      const mean = a.map((value, i) => (value + (b[i] as number)) / 2);
      const without = (x: readonly number[], y: readonly number[]) =>
        x.map((value, i) => value - (dot(x, y) / dot(y, y)) * (y[i] as number));
      const sum = mean.map((value) => 2 * value);
      const wanted = dot(mean, a) < 0 ? without(b, a) : dot(mean, b) < 0 ? without(a, b) : sum;
      const { direction } = await balanced(paper, [a, b]);
      expectClose(
        direction.map((value) => 2 * value),
        wanted,
        1e-4,
      );
    }),
    { numRuns: 50 },
  );
});
