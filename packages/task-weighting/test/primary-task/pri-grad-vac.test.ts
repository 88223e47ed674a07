import { conformance } from '@polytask/core/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { priGradVac } from '../../src/primary-task/pri-grad-vac.js';
import { priPcgrad } from '../../src/primary-task/pri-pcgrad.js';
import { balanced, expectClose, goldenJacobian, openGradients } from '../support.js';
import { cosine, firstOf, jacobians } from './support.js';

const claims = ['positive-weights', 'order-of-tasks'] as const;
const checks = conformance('gradient-balancing', (tasks) => priGradVac(firstOf(tasks)), { claims });
for (const { name, run } of checks) test(name, run);

test('the first step is that of PCGrad for a primary task', async () => {
  await fc.assert(
    fc.asyncProperty(jacobians, async (rows) => {
      const options = { primary: 'task0', scale: 'paper' } as const;
      fc.pre(rows[0]?.some((value) => Math.abs(value) > 0.1) as boolean);
      expectClose(
        (await balanced(priGradVac(options), rows)).direction,
        (await balanced(priPcgrad(options), rows)).direction,
        1e-4,
      );
    }),
    { numRuns: 20 },
  );
});

test('afterwards gradients get the cosine that is aimed at', async () => {
  const opened = openGradients(priGradVac({ primary: 'task0', beta: 0.5, scale: 'paper' }), 2);
  const along = [
    [1, 0],
    [3, 4],
  ];
  // Cosine .6: above 0, so that nothing is changed, and ρ̂ = .3.
  expectClose((await opened.step(along)).direction, [4, 4]);
  const { direction } = await opened.step([
    [2, 0],
    [-3, 4],
  ]);
  expectClose([cosine([(direction[0] as number) - 2, direction[1] as number], [1, 0])], [0.3], 1e-5);
  expect(direction[1]).toBeCloseTo(4, 5);
  opened.dispose();
});

test('stays a number where gradients are always the same, or zero', async () => {
  const opened = openGradients(priGradVac({ primary: 'task0', beta: 1 }), 2);
  const same = [
    [1, 2],
    [1, 2],
  ];
  for (const rows of [
    same,
    same,
    [
      [0, 0],
      [1, 2],
    ],
    [
      [1, 2],
      [-1, -2.0001],
    ],
    goldenJacobian.map((row) => row.slice(0, 2)),
  ]) {
    expect((await opened.step(rows)).direction.every(Number.isFinite)).toBe(true);
  }
  opened.dispose();
});
