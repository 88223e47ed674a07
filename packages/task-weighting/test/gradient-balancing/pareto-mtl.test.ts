import { conformance } from '@polytask/core/testing';
import { expect, test } from 'vitest';
import { paretoMtl } from '../../src/gradient-balancing/pareto-mtl.js';
import { balanced, expectClose, goldenJacobian, openGradients } from '../support.js';

// Weights of constraints may sum to nothing.
for (const { name, run } of conformance('gradient-balancing', () => paretoMtl({ scale: 'paper' }))) test(name, run);

test('within its sector is MGDA', async () => {
  expectClose((await balanced(paretoMtl({ scale: 'paper' }), goldenJacobian, [2, 2])).weights, [0.6, 0.4]);
});

test('outside of it goes back along the violated constraint', async () => {
  // Losses (5, 1) are nearest to the axis of the first task: the gradient of (1, 0) · L − (1, 1) · L / √2.
  const { weights } = await balanced(
    paretoMtl({ scale: 'paper' }),
    [
      [1, 0],
      [0, 1],
    ],
    [5, 1],
  );
  expectClose(weights, [1 - Math.SQRT1_2, -Math.SQRT1_2]);
});

test('ends in the sector of its preference, on the front', async () => {
  // L_1 = (x − 1)² + y², L_2 = (x + 1)² + y²; the front is y = 0, −1 ≤ x ≤ 1.
  const angles = [0.1, 0.35, 0.65, 0.9].map((share) => (share * Math.PI) / 2);
  const vectors = angles.map((angle) => ({ task0: Math.cos(angle), task1: Math.sin(angle) }));
  const ends: number[] = [];
  for (const own of vectors) {
    const others = vectors.filter((one) => one !== own);
    const opened = openGradients(paretoMtl({ preference: own, others, scale: 'paper' }), 2);
    let [x, y] = [0.1, 1];
    for (let step = 0; step < 300; step++) {
      const rows = [
        [2 * (x - 1), 2 * y],
        [2 * (x + 1), 2 * y],
      ];
      const { direction } = await opened.step(rows, [(x - 1) ** 2 + y ** 2, (x + 1) ** 2 + y ** 2]);
      [x, y] = [x - 0.02 * (direction[0] as number), y - 0.02 * (direction[1] as number)];
    }
    opened.dispose();
    expect(Math.abs(y)).toBeLessThan(0.02);
    const losses = [(x - 1) ** 2, (x + 1) ** 2];
    const along = ({ task0, task1 }: { task0: number; task1: number }) =>
      task0 * (losses[0] as number) + task1 * (losses[1] as number);
    for (const other of others) expect(along(own)).toBeGreaterThan(along(other) - 0.15);
    ends.push(x);
  }
  expect(ends).toEqual([...ends].sort((a, b) => a - b));
});
