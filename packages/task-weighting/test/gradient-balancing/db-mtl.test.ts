import { conformance } from '@polytask/core/testing';
import { test } from 'vitest';
import { dbMtl } from '../../src/gradient-balancing/db-mtl.js';
import { balanced, expectClose, goldenJacobian, openGradients } from '../support.js';

const claims = ['positive-weights'] as const;
for (const { name, run } of conformance('gradient-balancing', dbMtl, { claims })) test(name, run);

test('golden values', async () => {
  const { direction } = await balanced(dbMtl({ scale: 'paper' }), goldenJacobian, [2, 3]);
  expectClose(direction.slice(0, 2), [0.006474, 0.084412], 1e-6);
});

test('the means follow the gradients of logarithms, of tasks that are there', async () => {
  const opened = openGradients(dbMtl({ beta: 0.5, scale: 'paper' }), 2);
  await opened.step(
    [
      [4, 0],
      [0, 8],
    ],
    [2, 2],
  );
  await opened.step(
    [
      [9, 0],
      [0, 8],
    ],
    [Number.NaN, 2],
  );
  // Means: 0.5 · 2 = 1, then 0.5 + 0.5 · 8 / 4 = 1.5; and 0.5 · 4 = 2, 1 + 2 = 3, 1.5 + 2 = 3.5.
  const { weights, direction } = await opened.step(
    [
      [8, 0],
      [0, 8],
    ],
    [4, 2],
  );
  expectClose(direction, [3.5, 3.5]);
  expectClose(weights, [3.5 / 1.5, 1]);
  opened.dispose();
});

test('does not depend on the order of tasks', async () => {
  const [one, other] = [goldenJacobian, [...goldenJacobian].reverse()];
  expectClose((await balanced(dbMtl(), other, [3, 2])).direction, (await balanced(dbMtl(), one, [2, 3])).direction);
});
