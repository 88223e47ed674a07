import { conformance } from '@polytask/core/testing';
import { expect, test } from 'vitest';
import { gradVac } from '../../src/gradient-balancing/grad-vac.js';
import { expectClose, goldenJacobian, openGradients } from '../support.js';

for (const { name, run } of conformance('gradient-balancing', gradVac)) test(name, run);

test('golden values: the first step is that of PCGrad', async () => {
  const opened = openGradients(gradVac({ scale: 'paper' }), 2);
  const { weights, direction } = await opened.step(goldenJacobian);
  expectClose(weights ?? [], [2.222222, 1.578947]);
  expectClose(direction, [0.584795, 3.80117, 3.80117]);
  opened.dispose();
});

test('turns gradients until their cosine is the usual one', async () => {
  // Equal gradients raise the usual cosine to 1 − β = 1/2; orthogonal ones are then turned to 60 degrees.
  const opened = openGradients(gradVac({ beta: 0.5, scale: 'paper' }), 2);
  await opened.step([
    [1, 0],
    [1, 0],
  ]);
  const { weights } = await opened.step([
    [1, 0],
    [0, 2],
  ]);
  // g' = u_1 + c u_2 with c / √(1 + c²) = 1/2: c = 1/√3.
  expectClose(weights ?? [], [1 + 2 / Math.sqrt(3), 1 + 1 / (2 * Math.sqrt(3))]);
  const state = JSON.stringify(await opened.saveState());
  expect(state).toContain('[0,0.25,0.25,0]');
  opened.dispose();
});
