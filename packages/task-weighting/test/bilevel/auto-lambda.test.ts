import { conformance } from '@polytask/core/testing';
import { expect, test } from 'vitest';
import { autoLambda } from '../../src/bilevel/auto-lambda.js';
import { runLinear } from '../linear-run.js';
import { expectClose, goldenJacobian } from '../support.js';

const eta = 0.05;
for (const { name, run } of conformance('step-plan', () => autoLambda({ innerRate: eta }))) test(name, run);

const lambdaOf = ({ checkpoint }: Awaited<ReturnType<typeof runLinear>>) =>
  checkpoint.state.balancing as { values: number[]; first: number[] };

test('the gradient by λ is −η ∇L_val · ∇L_k', async () => {
  // Losses are linear, so that the finite difference is exact: g_val = Σ_P a_k, over shared parameters and heads.
  const options = { validation: true } as const;
  const all = await runLinear(autoLambda({ innerRate: eta, scale: 'paper' }), goldenJacobian, [2, 3], options);
  // Adam's first moment is a tenth of the gradient: rows of G, and 1 for the head.
  expectClose(lambdaOf(all).first, [-0.1 * eta * (18 - 22 + 1), -0.1 * eta * (38 - 22 + 1)], 1e-4);
  const one = await runLinear(autoLambda({ innerRate: eta, primary: ['a'] }), goldenJacobian, [2, 3], options);
  expectClose(lambdaOf(one).first, [-0.1 * eta * (18 + 1), -0.1 * eta * -22], 1e-4);
});

test('a task that helps the primary one gains weight, one that harms it loses weight', async () => {
  const rows = [
    [1, 0],
    [1, 1],
    [-1, 1],
  ];
  const method = autoLambda({ innerRate: eta, primary: ['a'], learningRate: 0.01, scale: 'paper' });
  const { events } = await runLinear(method, rows, [9, 9, 9], { validation: true, steps: 5, learningRate: 1e-3 });
  const weights = Object.values(events.at(-1)?.weights ?? {});
  expectClose(weights, [0.15, 0.15, 0.05], 1e-3);
});

test('the step has the new weights, rescaled where they are to sum to the number of tasks', async () => {
  const options = { validation: true } as const;
  const method = autoLambda({ innerRate: eta, primary: ['a'], learningRate: 0.01 });
  const { events, theta } = await runLinear(method, goldenJacobian, [2, 3], options);
  const weights = Object.values(events[0]?.weights ?? {});
  expectClose(weights, [1.1, 0.9], 1e-4);
  expectClose(theta, [-0.1 * (-4 * 1.1 + 6 * 0.9), -0.2, -0.2], 1e-4);
});

test('says what is missing without validation data, and which task there is not', async () => {
  const method = autoLambda({ innerRate: eta });
  await expect(runLinear(method, goldenJacobian, [2, 3])).rejects.toThrow('`auto-lambda` needs validation data');
  const other = runLinear(autoLambda({ innerRate: eta, primary: ['c'] }), goldenJacobian, [2, 3]);
  await expect(other).rejects.toThrow('There is no task named `c`');
});
