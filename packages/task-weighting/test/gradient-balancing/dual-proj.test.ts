import { conformance } from '@polytask/core/testing';
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
