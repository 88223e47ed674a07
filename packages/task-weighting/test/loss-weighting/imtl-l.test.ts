import { conformance } from '@polytask/core/testing';
import { expect, test } from 'vitest';
import { imtlL } from '../../src/loss-weighting/imtl-l.js';
import { runLinear } from '../linear-run.js';
import { scalarOf } from '../scalar.js';
import { expectClose, goldenJacobian, openLosses } from '../support.js';

const claims = ['order-of-tasks', 'positive-weights'] as const;
for (const { name, run } of conformance('loss-weighting', imtlL, { claims })) test(name, run);

test('golden values', () => {
  const opened = openLosses(imtlL({ scale: 'paper' }), 2);
  const { weights, gradients } = opened.step([2, 3]);
  opened.dispose();
  expectClose(weights, [1, 1]);
  expectClose(gradients.flat(), [1, 2]);
});

test('scales find their optimum, e^s L = 1, and are in the history', async () => {
  const still = goldenJacobian.map((row) => row.map(() => 0));
  const balancing = imtlL({ learningRate: 0.3 });
  const { checkpoint } = await runLinear(balancing, still, [2, 3], { steps: 25, learningRate: 1e-6 });
  const { logged } = checkpoint.state.history as unknown as { logged: Record<string, number[]> };
  expectClose(logged['imtl-l/logScale/a']?.slice(-1), [-Math.log(2)], 2e-3);
  expectClose(logged['imtl-l/logScale/b']?.slice(-1), [-Math.log(3)], 2e-3);
});

test('stays a number for a task whose loss is 0 for ever', () => {
  expect(scalarOf(imtlL({ start: 300 }), [0, 0])).toBe(-600);
});
