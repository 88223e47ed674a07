import { conformance } from '@polytask/core/testing';
import { test } from 'vitest';
import { pivrg, preferencesOf } from '../../src/gradient-balancing/pivrg.js';
import { bargainingWeights } from '../../src/solvers/bargaining.js';
import { linearRun } from '../linear-run.js';
import { expectClose, goldenJacobian } from '../support.js';

for (const { name, run } of conformance('step-plan', () => pivrg({ baselines: {} }))) test(name, run);

test('golden values', () => {
  const p = preferencesOf([1, 2], [0, 1]);
  expectClose(p, [0.950042, 1.049958]);
  const alpha = bargainingWeights(Float64Array.of(18, -22, -22, 38), p.map(Math.sqrt), 1 / 2);
  expectClose(alpha, [0.469622, 0.319586]);
});

test('deficits are measured on validation data, in per cent of the baselines', async () => {
  // At the start the losses are 2 and 3: deficits of 1 and 2 per cent.
  const part = pivrg({ baselines: { a: 2 / 1.01, b: 3 / 1.02 }, scale: 'paper' });
  const [step] = await linearRun(part, goldenJacobian, [2, 3], { validate: true });
  expectClose(step?.weights, [2 * 0.469622, 2 * 0.319586], 2e-5);
  expectClose(step?.shared, [2 * 0.039024, 2 * 0.789208, 2 * 0.789208], 2e-5);
});

test('with equal deficits is FairGrad with α = 2, times K', async () => {
  const [step] = await linearRun(pivrg({ baselines: {}, scale: 'paper' }), goldenJacobian, [2, 3], { validate: true });
  expectClose(step?.weights, [2 * 0.471363, 2 * 0.319454]);
});
