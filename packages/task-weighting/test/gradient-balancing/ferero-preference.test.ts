import { conformance } from '@polytask/core/testing';
import { expect, test } from 'vitest';
import { fereroPreference } from '../../src/gradient-balancing/ferero-preference.js';
import { expectClose, openGradients } from '../support.js';

for (const { name, run } of conformance('gradient-balancing', fereroPreference)) test(name, run);

test('follows the equations of the paper', async () => {
  const gamma = 0.1;
  const opened = openGradients(fereroPreference({ preference: { task0: 2, task1: 1 }, gamma, scale: 'paper' }), 2);
  const rows = [
    [1, 0],
    [0, 2],
  ];
  expectClose((await opened.step(rows, [4, 3])).weights, [0.5, 0.5]);
  // J d = (0.5, 2), B = (1, −2) / √5: λ_h = −0.1 (−3.5 − (4 − 6) / 2) / √5 = 0.25 / √5; λ_f = Π(0.45, 0.3) = (0.575, 0.425).
  expectClose((await opened.step(rows, [4, 3])).weights, [0.575 + 0.25 / 5, 0.425 - 0.5 / 5]);
  opened.dispose();
});

test('reaches the point of a front where losses are in the ratio of preferences', async () => {
  // L_1 = (x − 1)² + y², L_2 = (x + 1)² + y²: on the front y = 0, −1 ≤ x ≤ 1. L_1 = 4 L_2 at x = −1/3.
  const opened = openGradients(fereroPreference({ preference: { task0: 4 }, gamma: 0.05, scale: 'paper' }), 2);
  let [x, y] = [0.8, 1.5];
  for (let step = 0; step < 1000; step++) {
    const rows = [
      [2 * (x - 1), 2 * y],
      [2 * (x + 1), 2 * y],
    ];
    const { direction } = await opened.step(rows, [(x - 1) ** 2 + y ** 2, (x + 1) ** 2 + y ** 2]);
    [x, y] = [x - 0.05 * (direction[0] as number), y - 0.05 * (direction[1] as number)];
  }
  expect(x).toBeCloseTo(-1 / 3, 2);
  expect(y).toBeCloseTo(0, 2);
  opened.dispose();
});
