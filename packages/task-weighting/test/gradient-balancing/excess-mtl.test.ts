import { conformance } from '@polytask/core/testing';
import { test } from 'vitest';
import { excessMtl } from '../../src/gradient-balancing/excess-mtl.js';
import { expectClose, openGradients } from '../support.js';

const claims = ['order-of-tasks', 'positive-weights'] as const;
for (const { name, run } of conformance('gradient-balancing', excessMtl, { claims })) test(name, run);

test('follows the equations of the paper, step by step', async () => {
  const eta = 0.7;
  const opened = openGradients(excessMtl({ eta, scale: 'paper' }), 2);
  const steps = [
    [
      [2, 1],
      [0, 3],
    ],
    [
      [1, 1],
      [0, 3],
    ],
    [
      [2, 0],
      [1, 1],
    ],
  ];
  const squares = [
    [0, 0],
    [0, 0],
  ];
  const first = [0, 0];
  const omega = [0.5, 0.5];
  for (const [n, rows] of steps.entries()) {
    const { weights, direction } = await opened.step(rows);
    rows.forEach((row, k) => {
      let excess = 0;
      row.forEach((value, p) => {
        const square = squares[k] as number[];
        square[p] = (square[p] as number) + value ** 2;
        excess += value ** 2 / Math.sqrt((square[p] as number) + 1e-7);
      });
      if (n === 0) first[k] = excess;
      else omega[k] = (omega[k] as number) * Math.exp((eta * excess) / (first[k] as number));
    });
    const total = omega.reduce((sum, value) => sum + value, 0);
    omega.forEach((value, k) => {
      omega[k] = value / total;
    });
    expectClose(weights, omega);
    expectClose(
      direction,
      [0, 1].map((p) => rows.reduce((sum, row, k) => sum + (omega[k] as number) * (row[p] as number), 0)),
    );
  }
  opened.dispose();
});

test('weights change for many steps without overflow', async () => {
  const opened = openGradients(excessMtl({ eta: 100, scale: 'paper' }), 2);
  let weights: number[] = [];
  for (let n = 0; n < 30; n++)
    weights = Array.from(
      (
        await opened.step([
          [1, 0],
          [0, n < 2 ? 1 : 3],
        ])
      ).weights ?? [],
    );
  expectClose(weights, [0, 1]);
  opened.dispose();
});
