import { conformance } from '@polytask/core/testing';
import { expect, test } from 'vitest';
import { metaBalance } from '../../src/gradient-balancing/meta-balance.js';
import { balanced, expectClose, goldenJacobian, openGradients } from '../support.js';

const claims = ['positive-weights'] as const;
for (const { name, run } of conformance('gradient-balancing', metaBalance, { claims })) test(name, run);

test('golden values of one layer', async () => {
  const { weights, direction } = await balanced(metaBalance({ scale: 'paper' }), goldenJacobian);
  expectClose(weights, [1, 0.781773]);
  expectClose(direction, [0.690638, 1.781773, 1.781773]);
});

test('follows moving means', async () => {
  const opened = openGradients(metaBalance({ relax: 1, beta: 0.5, target: 'task1', scale: 'paper' }), 2);
  await opened.step([[1], [2]]);
  // Means: (0.5 · 0.5 + 0.5 · 3, 0.5 · 1 + 0.5 · 4) = (1.75, 2.5).
  expectClose((await opened.step([[3], [4]])).weights, [2.5 / 1.75, 1]);
  opened.dispose();
});

test('helps the primary task, unless another target is named', async () => {
  const rows = [[4], [1]];
  const options = { primary: 'task1' };
  expectClose((await balanced(metaBalance({ relax: 1, scale: 'paper' }), rows, undefined, options)).weights, [0.25, 1]);
  await expect(balanced(metaBalance({ target: 'tusk' }), rows)).rejects.toMatchObject({
    code: 'POLYTASK_UNKNOWN_NAME',
  });
});
