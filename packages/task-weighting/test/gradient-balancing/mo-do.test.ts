import { conformance } from '@polytask/core/testing';
import { test } from 'vitest';
import { moDo } from '../../src/gradient-balancing/mo-do.js';
import { linearRun } from '../linear-run.js';
import { expectClose, goldenJacobian } from '../support.js';

for (const { name, run } of conformance('step-plan', moDo)) test(name, run);

test('golden values, with one Jacobian for all batches', async () => {
  const [step] = await linearRun(moDo({ gamma: 1e-3, rho: 0.1, scale: 'paper' }), goldenJacobian, [2, 3]);
  expectClose(step?.weights, [0.505, 0.495]);
  expectClose(step?.shared, [0.95, 1, 1]);
  // Heads have their own gradients, once.
  expectClose(step?.heads, [1, 1]);
});

test('under the scale of tasks weights sum to their number, and heads can have them too', async () => {
  const [step] = await linearRun(moDo({ gamma: 1e-3, headGradients: 'weighted' }), goldenJacobian, [2, 3]);
  expectClose(step?.weights, [1.01, 0.99]);
  expectClose(step?.heads, [1.01, 0.99]);
});
