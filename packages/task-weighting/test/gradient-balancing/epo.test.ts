import { conformance } from '@polytask/core/testing';
import { expect, test } from 'vitest';
import { epo } from '../../src/gradient-balancing/epo.js';
import { concaveEnd } from '../concave-front.js';
import { balanced, expectClose, goldenJacobian, openGradients } from '../support.js';

const claims = ['positive-weights'] as const;
for (const { name, run } of conformance('gradient-balancing', epo, { claims })) test(name, run);

test('even losses: most gain in all, with none getting worse', async () => {
  // G β ≥ 0 with G = [[18, −22], [−22, 38]]: 0.55 ≤ β_1 ≤ 0.6333…; the sum of gains is −4 β_1 + 16 β_2.
  expectClose((await balanced(epo({ scale: 'paper' }), goldenJacobian, [2, 2])).weights, [0.55, 0.45]);
});

test('comes to the preferred point of a concave front, where weighted sums find only the ends', async () => {
  for (const preference of [
    { task0: 1, task1: 1 },
    { task0: 3, task1: 1 },
    { task0: 1, task1: 2 },
  ]) {
    const opened = openGradients(epo({ preference, scale: 'paper' }), 2);
    const { losses, off } = await concaveEnd(async (now, rows) => (await opened.step(rows, now)).direction);
    opened.dispose();
    expect((losses[0] * preference.task0) / (losses[1] * preference.task1)).toBeCloseTo(1, 1);
    expect(off).toBeLessThan(0.02);
  }
});

test('of tasks that are worst alike none may get worse', async () => {
  // The first two are equally far off; the best for their sum alone would make the second one worse.
  const rows = [
    [3, 0],
    [-1, 1],
    [0, -1],
  ];
  const { direction } = await balanced(epo({ scale: 'paper' }), rows, [4, 4, 1]);
  for (const [a = 0, b = 0] of rows.slice(0, 2)) {
    expect(a * (direction[0] ?? 0) + b * (direction[1] ?? 0)).toBeGreaterThanOrEqual(-1e-6);
  }
});
