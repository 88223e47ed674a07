import { conformance } from '@polytask/core/testing';
import { test } from 'vitest';
import { conFig } from '../../src/gradient-balancing/con-fig.js';
import { mConFig } from '../../src/gradient-balancing/m-con-fig.js';
import { linearRun } from '../linear-run.js';
import { balanced, expectClose, goldenJacobian } from '../support.js';

for (const { name, run } of conformance('step-plan', mConFig)) test(name, run);

test('golden values: nothing in the first step, one of size 1 per coordinate in the second', async () => {
  const [first, second] = await linearRun(mConFig(), goldenJacobian, [2, 3], { steps: 2 });
  expectClose(first?.shared, [0, 0, 0]);
  expectClose(first?.heads, [0, 0]);
  expectClose(second?.shared, [1, 1, 1], 1e-5);
  expectClose(second?.heads, [1, 1], 1e-5);
});

test('with constant gradients goes the way of ConFIG from step K on', async () => {
  // Gradients of all parameters: the heads' are 1 for the task itself and 0 for the others.
  const jacobian = [
    [-4, 1, 1],
    [6, 1, 2],
    [0.5, 3, -1],
  ];
  const all = jacobian.map((row, k) => [...row, ...jacobian.map((_, j) => (j === k ? 1 : 0))]);
  const { weights } = await balanced(conFig({ scale: 'paper' }), all);
  const steps = await linearRun(mConFig(), jacobian, [1, 1, 1], { steps: 7 });
  for (const step of steps.slice(2)) expectClose(step.weights, Array.from(weights ?? []), 1e-4);
});
