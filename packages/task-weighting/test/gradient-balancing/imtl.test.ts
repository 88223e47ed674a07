import { conformance } from '@polytask/core/testing';
import { test } from 'vitest';
import { imtl } from '../../src/gradient-balancing/imtl.js';
import { linearRun } from '../linear-run.js';
import { expectClose, goldenJacobian } from '../support.js';

for (const { name, run } of conformance('step-plan', imtl)) test(name, run);

test('begins as IMTL-G, with the heads as they are', async () => {
  const [step] = await linearRun(imtl({ scale: 'paper' }), goldenJacobian, [2, 3]);
  expectClose(step?.weights, [0.59233, 0.40767]);
  expectClose(step?.shared, [0.076697, 1, 1]);
  expectClose(step?.heads, [1, 1]);
});

test('then scales move by Adam, down for losses above 1, and with them the heads and the length of the direction', async () => {
  // The derivatives e^s L − 1 are 19 and 29 at first: Adam's first step is the learning rate for both.
  const [, step] = await linearRun(imtl({ learningRate: 0.1, scale: 'paper' }), goldenJacobian, [20, 30], { steps: 2 });
  const factor = Math.exp(-0.1);
  expectClose(step?.heads, [factor, factor]);
  expectClose(step?.shared, [0.076697 * factor, factor, factor]);
  expectClose(step?.weights, [0.59233 * factor, 0.40767 * factor]);
});
