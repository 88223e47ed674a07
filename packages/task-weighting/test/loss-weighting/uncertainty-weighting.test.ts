import { classification, regression } from '@polytask/core';
import { conformance } from '@polytask/core/testing';
import { expect, test } from 'vitest';
import { uncertaintyWeighting } from '../../src/loss-weighting/uncertainty-weighting.js';
import { runLinear } from '../linear-run.js';
import { scalarOf } from '../scalar.js';
import { expectClose, goldenJacobian, openLosses } from '../support.js';

const claims = ['order-of-tasks', 'positive-weights'] as const;
for (const { name, run } of conformance('loss-weighting', uncertaintyWeighting, { claims })) test(name, run);

/** Weights and gradients of s at a first step. */
function first(options: Parameters<typeof uncertaintyWeighting>[0], losses: readonly number[]) {
  const opened = openLosses(uncertaintyWeighting({ scale: 'paper', ...options }), losses.length);
  const found = opened.step(losses);
  opened.dispose();
  return found;
}

test('golden values of Kendall et al.', () => {
  const { weights, gradients } = first({ start: -0.5 }, [2, 3]);
  expectClose(weights, [0.824361, 0.824361]);
  expectClose(gradients.flat(), [-1.148721, -1.973082]);
});

test('golden values of Liebel and Körner: by p, where s = log p², at p = 1', () => {
  expectClose([scalarOf(uncertaintyWeighting({ form: 'never-negative' }), [2, 3])], [3.886294]);
  const { gradients } = first({ form: 'never-negative' }, [2, 3]);
  expectClose(
    gradients.flat().map((slope) => 2 * slope),
    [-1, -2],
  );
});

test('never falls below 0 in the form that is called so, and does in the other', () => {
  const tiny = [1e-6, 1e-6];
  expect(scalarOf(uncertaintyWeighting({ form: 'never-negative', start: -12 }), tiny)).toBeGreaterThan(0);
  expect(scalarOf(uncertaintyWeighting({ start: -12 }), tiny)).toBeLessThan(0);
});

test('treats classifications and regressions each in its way', () => {
  const tasks = [regression('task0'), classification('task1', { classes: 3 })];
  const weightsIn = (form: 'by-problem' | 'regression' | 'classification') => {
    const opened = openLosses(uncertaintyWeighting({ form, scale: 'paper' }), 2, { tasks } as never);
    const { weights } = opened.step([2, 3]);
    opened.dispose();
    return weights;
  };
  expect(weightsIn('regression')).toEqual([0.5, 0.5]);
  expect(weightsIn('classification')).toEqual([1, 1]);
});

test('log-variances find their optimum, log L, and are in the history', async () => {
  const still = goldenJacobian.map((row) => row.map(() => 0));
  const balancing = uncertaintyWeighting({ learningRate: 1 });
  const { checkpoint } = await runLinear(balancing, still, [2, 3], { steps: 12, learningRate: 1e-6 });
  const { logged } = checkpoint.state.history as unknown as { logged: Record<string, number[]> };
  // e^s = L is where ½ − ½ L e^−s vanishes.
  expectClose(logged['uncertainty-weighting/logVariance/a']?.slice(-1), [Math.log(2)], 2e-3);
  expectClose(logged['uncertainty-weighting/logVariance/b']?.slice(-1), [Math.log(3)], 2e-3);
});

test('a task whose loss stays 0 comes to a stand', () => {
  const { weights } = first({ start: -200 }, [0, 1]);
  expectClose(weights.map(Math.log), [30 - Math.LN2, 30 - Math.LN2], 1e-5);
});
