import { conformance } from '@polytask/core/testing';
import { test } from 'vitest';
import { sdmGrad } from '../../src/gradient-balancing/sdm-grad.js';
import { linearRun } from '../linear-run.js';
import { expectClose, goldenJacobian } from '../support.js';

for (const { name, run } of conformance('step-plan', sdmGrad)) test(name, run);

test('one iteration by hand', async () => {
  // s = (√18 + √38) / 2, A = G / s²; w = (½, ½) − η A (½ + λ/2) 1, onto the simplex: ½ ∓ half the difference.
  const [lambda, learningRate] = [0.3, 0.01];
  const s = (Math.sqrt(18) + Math.sqrt(38)) / 2;
  const slopes = [(18 - 22) / s ** 2, (-22 + 38) / s ** 2].map((row) => row * (0.5 + lambda / 2));
  const first = 0.5 + (learningRate * ((slopes[1] as number) - (slopes[0] as number))) / 2;
  const expected = [first, 1 - first].map((w) => (w + lambda / 2) / (1 + lambda));
  const options = { lambda, learningRate, iterations: 1, scale: 'paper' } as const;
  const [step] = await linearRun(sdmGrad(options), goldenJacobian, [2, 3]);
  expectClose(step?.weights, expected);
  expectClose(step?.heads, [1, 1]);
});

test('comes to the shortest combination where nothing draws it away', async () => {
  const steps = await linearRun(sdmGrad({ lambda: 0, learningRate: 0.2, scale: 'paper' }), goldenJacobian, [2, 3], {
    steps: 5,
  });
  expectClose(steps.at(-1)?.weights, [0.6, 0.4], 1e-4);
});
