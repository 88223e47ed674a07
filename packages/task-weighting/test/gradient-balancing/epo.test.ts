import { conformance } from '@polytask/core/testing';
import { expect, test } from 'vitest';
import { epo } from '../../src/gradient-balancing/epo.js';
import { balanced, expectClose, goldenJacobian, openGradients } from '../support.js';

const claims = ['positive-weights'] as const;
for (const { name, run } of conformance('gradient-balancing', epo, { claims })) test(name, run);

test('even losses: most gain in all, with none getting worse', async () => {
  // G β ≥ 0 with G = [[18, −22], [−22, 38]]: 0.55 ≤ β_1 ≤ 0.6333…; the sum of gains is −4 β_1 + 16 β_2.
  expectClose((await balanced(epo({ scale: 'paper' }), goldenJacobian, [2, 2])).weights, [0.55, 0.45]);
});

test('comes to the preferred point of a concave front, where weighted sums find only the ends', async () => {
  // L = 1 − exp(−‖x ∓ 1/√D‖²) in 20 dimensions; on the front all coordinates are equal.
  const dimensions = 20;
  const centre = 1 / Math.sqrt(dimensions);
  const lossOf = (x: readonly number[], sign: number) =>
    1 - Math.exp(-x.reduce((sum, value) => sum + (value - sign * centre) ** 2, 0));
  for (const preference of [
    { task0: 1, task1: 1 },
    { task0: 3, task1: 1 },
    { task0: 1, task1: 2 },
  ]) {
    const opened = openGradients(epo({ preference, scale: 'paper' }), 2);
    let x = Array.from({ length: dimensions }, (_, i) => 0.15 * Math.sin(7 * i));
    for (let step = 0; step < 500; step++) {
      const losses = [1, -1].map((sign) => lossOf(x, sign));
      const rows = [1, -1].map((sign, k) =>
        x.map((value) => 2 * (value - sign * centre) * (1 - (losses[k] as number))),
      );
      const { direction } = await opened.step(rows, losses);
      x = x.map((value, i) => value - 0.02 * (direction[i] as number));
    }
    opened.dispose();
    const [first = 0, second = 0] = [1, -1].map((sign) => lossOf(x, sign));
    expect((first * preference.task0) / (second * preference.task1)).toBeCloseTo(1, 1);
    expect(Math.max(...x) - Math.min(...x)).toBeLessThan(0.02);
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
