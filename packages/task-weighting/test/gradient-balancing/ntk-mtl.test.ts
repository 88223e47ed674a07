import { conformance } from '@polytask/core/testing';
import { test } from 'vitest';
import { ntkMtl } from '../../src/gradient-balancing/ntk-mtl.js';
import { balanced, expectClose, goldenJacobian } from '../support.js';

const claims = ['order-of-tasks', 'positive-weights'] as const;
for (const { name, run } of conformance('gradient-balancing', ntkMtl, { claims })) test(name, run);

test('golden values: the sum of unit gradients, times the root of the sum of squared lengths', async () => {
  const { weights, direction } = await balanced(ntkMtl({ scale: 'paper' }), goldenJacobian);
  expectClose(weights, [1.763834, 1.213954]);
  expectClose(direction, [0.228387, 2.977788, 2.977788]);
});
