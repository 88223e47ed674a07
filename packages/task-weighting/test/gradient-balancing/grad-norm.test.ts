import { conformance } from '@polytask/core/testing';
import { expect, test } from 'vitest';
import { gradNorm, logitSlopes } from '../../src/gradient-balancing/grad-norm.js';
import { expectClose, goldenJacobian, openGradients } from '../support.js';

const claims = ['order-of-tasks', 'positive-weights'] as const;
for (const { name, run } of conformance('gradient-balancing', gradNorm, { claims })) test(name, run);

const golden = Float64Array.of(18, -22, -22, 38);

test('golden value of the derivatives by the logits', () => {
  expectClose(logitSlopes(golden, Float64Array.of(1, 1), [2 / 4, 3 / 4], 1.5), [5.203527, -5.203527]);
});

test('the derivatives by the logits agree with finite differences', () => {
  const alpha = 0.7;
  const ratios = [0.5, 0.8];
  const weightsOf = (a: readonly number[]) => {
    const [p = 0, q = 0] = a.map(Math.exp);
    return Float64Array.of((2 * p) / (p + q), (2 * q) / (p + q));
  };
  const lengthsOf = (a: readonly number[]) =>
    [Math.sqrt(18), Math.sqrt(38)].map((norm, i) => norm * (weightsOf(a)[i] as number));
  const at = [0.3, -0.2];
  const mean = lengthsOf(at).reduce((sum, length) => sum + length, 0) / 2;
  const lossOf = (a: readonly number[]) =>
    lengthsOf(a).reduce((sum, length, i) => sum + Math.abs(length - mean * ((ratios[i] as number) / 0.65) ** alpha), 0);
  const numeric = at.map((_, i) => {
    const moved = (by: number) => lossOf(at.map((value, j) => value + (j === i ? by : 0)));
    return (moved(1e-6) - moved(-1e-6)) / 2e-6;
  });
  expectClose(logitSlopes(golden, weightsOf(at), ratios, alpha), numeric, 1e-6);
});

test('makes gradients equally long, and those of tasks that lag behind longer', async () => {
  const opened = openGradients(gradNorm({ alpha: 1, learningRate: 0.05 }), 2);
  let weights: number[] = [];
  for (let step = 0; step < 150; step++) {
    // Both tasks began with a loss of 1; the second has come half as far.
    const found = await opened.step(goldenJacobian, step === 0 ? [1, 1] : [0.25, 0.5]);
    weights = Array.from(found.weights ?? []);
  }
  const [a = 0, b = 0] = [Math.sqrt(18), Math.sqrt(38)].map((norm, i) => norm * (weights[i] as number));
  expect(b / a).toBeGreaterThan(1.8);
  expect(b / a).toBeLessThan(2.2);
  opened.dispose();
});
