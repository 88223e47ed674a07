import { conformance } from '@polytask/core/testing';
import { expect, test } from 'vitest';
import { gradDrop } from '../../src/gradient-balancing/grad-drop.js';
import { balanced, expectClose, goldenJacobian } from '../support.js';

for (const { name, run } of conformance('gradient-balancing', gradDrop)) test(name, run);

test('keeps one sign of every coordinate, as often as the gradients are of that sign', async () => {
  // 4000 coordinates of (−1, 3): P = ½ (1 + 2 / 4) = ¾.
  const rows = [new Array<number>(4000).fill(-1), new Array<number>(4000).fill(3)];
  const { direction } = await balanced(gradDrop(), rows, undefined, { seed: 1 });
  const positive = direction.filter((value) => value === 3).length;
  expect(direction.every((value) => value === 3 || value === -1)).toBe(true);
  // Four standard deviations of a binomial around 3000.
  expect(Math.abs(positive - 3000)).toBeLessThan(4 * Math.sqrt(4000 * 0.75 * 0.25));
  const again = await balanced(gradDrop(), rows, undefined, { seed: 2 });
  expect(again.direction).not.toEqual(direction);
});

test('a leak lets a share of every gradient through', async () => {
  expectClose((await balanced(gradDrop({ leak: 1 }), goldenJacobian)).direction, [2, 2, 2]);
  const [first = 0, ...others] = (await balanced(gradDrop({ leak: 0.25 }), goldenJacobian)).direction;
  // Either ¼ · (−4) + 6 or −4 + ¼ · 6; the other coordinates have no conflict.
  expect([5, -2.5].some((value) => Math.abs(first - value) < 1e-6)).toBe(true);
  expectClose(others, [2, 2]);
});

test('each task may have a leak of its own', async () => {
  const rows = [
    [-4, 1],
    [6, 1],
  ];
  for (const seed of [1, 2, 3, 4]) {
    const [first = 0, second] = (await balanced(gradDrop({ leak: { task0: 1 } }), rows, undefined, { seed })).direction;
    // The first task's gradient is kept whichever sign is, the other's with its own.
    expect([-4, 2].some((value) => Math.abs(first - value) < 1e-6)).toBe(true);
    expect(second).toBeCloseTo(2, 6);
  }
  await expect(balanced(gradDrop({ leak: { left: 1 } }), rows)).rejects.toThrow('There is no task named `left`');
});
