import { createTrainer, meanAbsoluteError, type StepEvent, sgd } from '@polytask/core';
import { conformance, linearProblem } from '@polytask/core/testing';
import { expect, test } from 'vitest';
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

test('deficits by metric are those after the epoch before, whichever way is better', async () => {
  const { data, tasks, ...problem } = linearProblem(goldenJacobian, [2, 3]);
  const better = (name: string, by: 'higher' | 'lower') => ({
    ...meanAbsoluteError(),
    name,
    better: by,
  });
  const judged = tasks.map((task, k) => {
    const metric = better(['up', 'down'][k] as string, k === 0 ? 'higher' : 'lower');
    return { ...task, metrics: [metric], primaryMetric: metric.name };
  });
  const baselines = { a: 2.2, b: 2.4 };
  const balancing = pivrg({ baselines, by: 'metric', scale: 'paper' });
  const trainer = await createTrainer({ ...problem, tasks: judged, balancing, optimizer: sgd({ learningRate: 1e-6 }) });
  const weights: number[][] = [];
  const see = { stepEnd: (event: StepEvent) => void weights.push(Object.values(event.weights)) };
  await trainer.fit(data, { epochs: 2, batchSize: 2, validation: data, callbacks: [see] });
  trainer.dispose();
  const expected = (deficits: readonly number[]) => {
    const p = preferencesOf(deficits, [0, 1]);
    return Array.from(bargainingWeights(Float64Array.of(18, -22, -22, 38), p.map(Math.sqrt), 1 / 2), (one) => 2 * one);
  };
  expectClose(weights[0], expected([0, 0]), 1e-5);
  // Labels are 0, so that the mean absolute errors are the outputs, 2 and 3.
  expectClose(weights[1], expected([(100 * 0.2) / 2.2, (100 * 0.6) / 2.4]), 1e-5);
  const without = await createTrainer({ ...problem, tasks: judged, balancing });
  await expect(without.fit(data, { epochs: 1, batchSize: 2 })).rejects.toMatchObject({
    code: 'POLYTASK_NO_VALIDATION',
  });
  without.dispose();
});

test('with equal deficits is FairGrad with α = 2, times K', async () => {
  const [step] = await linearRun(pivrg({ baselines: {}, scale: 'paper' }), goldenJacobian, [2, 3], { validate: true });
  expectClose(step?.weights, [2 * 0.471363, 2 * 0.319454]);
});
