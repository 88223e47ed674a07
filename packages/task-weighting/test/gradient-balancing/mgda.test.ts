import { conformance } from '@polytask/core/testing';
import { expect, test } from 'vitest';
import { mgda } from '../../src/gradient-balancing/mgda.js';
import { balanced, expectClose, goldenJacobian } from '../support.js';

const claims = ['order-of-tasks', 'positive-weights', 'non-conflicting'] as const;
for (const { name, run } of conformance('gradient-balancing', mgda, { claims })) test(name, run);

test('golden values', async () => {
  const { weights, direction } = await balanced(mgda({ scale: 'paper' }), goldenJacobian);
  expectClose(weights, [0.6, 0.4]);
  expectClose(direction, [0, 1, 1]);
});

test('normalisers scale the gradients that are compared, and not those that are used', async () => {
  // By hand: of two gradients w_1 = (H_22 − H_12) / (H_11 − 2 H_12 + H_22) with H_ij = G_ij / (n_i n_j), G = [[18, −22], [−22, 38]].
  const byHand = (n1: number, n2: number) => {
    const [a, b, c] = [18 / n1 ** 2, -22 / n1 / n2, 38 / n2 ** 2];
    return (c - b) / (a - 2 * b + c);
  };
  const [long, short] = [Math.sqrt(18), Math.sqrt(38)];
  const normalisers = { l2: [long, short], loss: [2, 3], 'loss+': [2 * long, 3 * short] } as const;
  for (const [normalize, [n1, n2]] of Object.entries(normalisers)) {
    const { weights } = await balanced(mgda({ normalize: normalize as 'l2', scale: 'paper' }), goldenJacobian, [2, 3]);
    expectClose(weights, [byHand(n1, n2), 1 - byHand(n1, n2)]);
  }
});

test('stands still where the gradients cancel', async () => {
  const { direction } = await balanced(mgda(), [
    [1, 0, 1],
    [-0.5, 1, -0.5],
    [0, -1, -0.25],
    [-1, 0.5, 0],
  ]);
  expect(Math.max(...direction.map(Math.abs))).toBeLessThan(1e-6);
});

test('refuses negative losses where gradients are divided by them, and names the task', async () => {
  const refused = balanced(mgda({ normalize: 'loss' }), goldenJacobian, [2, -3]);
  await expect(refused).rejects.toMatchObject({ code: 'POLYTASK_LOSS_TOO_LOW' });
  await expect(balanced(mgda({ normalize: 'loss' }), goldenJacobian, [2, -3])).rejects.toThrow('task1');
  expectClose((await balanced(mgda({ scale: 'paper' }), goldenJacobian, [2, -3])).weights, [0.6, 0.4]);
});
