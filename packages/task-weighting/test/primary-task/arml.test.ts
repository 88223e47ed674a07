import { conformance } from '@polytask/core/testing';
import { expect, test } from 'vitest';
import { arml } from '../../src/primary-task/arml.js';
import { expectClose, openGradients } from '../support.js';
import { dot, firstOf } from './support.js';

const claims = ['positive-weights', 'order-of-tasks'] as const;
for (const { name, run } of conformance('gradient-balancing', (tasks) => arml(firstOf(tasks)), { claims }))
  test(name, run);

const rows = [
  [1, 2, 0],
  [1, 0, 1],
  [0, 1, -1],
];

test('takes a gradient step on ‖g_p − Σ w g‖², by finite differences', async () => {
  const rate = 0.05;
  const [primary = [], ...helpers] = rows;
  const gap = (w: readonly number[]) => {
    const rest = primary.map(
      (value, i) => value - helpers.reduce((sum, row, h) => sum + (w[h] as number) * (row[i] as number), 0),
    );
    return dot(rest, rest);
  };
  const h = 1e-5;
  const expected = [1, 1].map((start, k) => {
    const at = (by: number) => gap([1, 1].map((one, j) => (j === k ? one + by : one)));
    return start - (rate * (at(h) - at(-h))) / (2 * h);
  });
  const opened = openGradients(arml({ primary: 'task0', learningRate: rate, simplex: false, scale: 'paper' }), 3);
  expectClose((await opened.step(rows)).weights, [1, ...expected], 1e-5);
  opened.dispose();
});

test('finds the weights that come closest, and keeps to the simplex where it is to', async () => {
  const find = async (simplex: boolean) => {
    const opened = openGradients(arml({ primary: 'task0', learningRate: 0.05, simplex, scale: 'paper' }), 3);
    let found: number[] = [];
    for (let step = 0; step < 150; step++) found = (await opened.step(rows)).weights as number[];
    opened.dispose();
    return found;
  };
  // Normal equations: 2a − b = 1, −a + 2b = 2.
  expectClose(await find(false), [1, 4 / 3, 5 / 3], 1e-4);
  // With a + b = 2: the least of (1 − a)² + (2 − b)² + (a − b)² lies at a = 5/6.
  expectClose(await find(true), [1, 5 / 6, 7 / 6], 1e-4);
});

test('with the simplex no weight is negative', async () => {
  const opened = openGradients(arml({ primary: 'task0', learningRate: 10 }), 3);
  const against = [
    [1, 0],
    [-1, 0],
    [1, 0],
  ];
  for (let step = 0; step < 3; step++) {
    const { weights } = await opened.step(against);
    expect(Math.min(...(weights as number[]))).toBeGreaterThanOrEqual(0);
    expectClose([(weights as number[]).reduce((sum, one) => sum + one, 0)], [3]);
  }
  opened.dispose();
});
