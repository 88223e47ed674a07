import { conformance } from '@polytask/core/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { priPcgrad } from '../../src/primary-task/pri-pcgrad.js';
import { balanced, expectClose, goldenJacobian } from '../support.js';
import { dot, firstOf, jacobians } from './support.js';

const claims = ['positive-weights', 'order-of-tasks'] as const;
const checks = conformance('gradient-balancing', (tasks) => priPcgrad(firstOf(tasks)), { claims });
for (const { name, run } of checks) test(name, run);

const paper = priPcgrad({ primary: 'task0', scale: 'paper' });

test('golden values', async () => {
  expectClose((await balanced(paper, goldenJacobian)).direction, [-2.888889, 3.222222, 3.222222]);
});

test('is the projection of the gradients themselves, and never harms the primary task', async () => {
  await fc.assert(
    fc.asyncProperty(jacobians, async (rows) => {
      const [primary = []] = rows;
      const square = dot(primary, primary);
      fc.pre(square > 1e-3);
      const { direction } = await balanced(paper, rows);
      const projected = rows.slice(1).map((row) => {
        const against = Math.min(0, dot(row, primary)) / square;
        return row.map((value, i) => value - against * (primary[i] as number));
      });
      expectClose(
        direction,
        primary.map((value, i) => value + projected.reduce((sum, row) => sum + (row[i] as number), 0)),
        1e-4,
      );
      expect(dot(direction, primary)).toBeGreaterThanOrEqual(square * (1 - 1e-4) - 1e-4);
    }),
    { numRuns: 30 },
  );
});
