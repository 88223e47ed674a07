import { sgd } from '@polytask/core';
import { linearProblem } from '@polytask/core/testing';
import { expect, test } from 'vitest';
import { pcgrad } from './methods/pcgrad.js';
import { goldenJacobian } from './support/golden-jacobian.js';
import { expectClose, trained } from './support/runs.js';

const optimizer = sgd({ learningRate: 1 });
const oneStep = { epochs: 1, batchSize: 2 };
const { data, ...problem } = linearProblem(goldenJacobian, [2, 3]);

test('PCGrad: golden weights and direction, raw head gradients', async () => {
  await trained(
    { ...problem, balancing: pcgrad({ scale: 'paper' }), optimizer },
    data,
    oneStep,
    ({ values, events, trainer }) => {
      expectClose(values['shared/0/theta'], [-0.584795, -3.80117, -3.80117]);
      expectClose(values['heads/a/loss'], [2 - 1]);
      expectClose(values['heads/b/loss'], [3 - 1]);
      expect(events[0]?.losses).toEqual({ a: 2, b: 3 });
      expectClose(Object.values(events[0]?.weights ?? {}), [2.222222, 1.578947]);
      expectClose(trainer.history?.cosines[0]?.flat(), [1, -0.841191, -0.841191, 1]);
    },
  );
});

test('PCGrad: weights rescaled to the number of tasks, weighted head gradients', async () => {
  await trained(
    { ...problem, balancing: pcgrad({ headGradients: 'weighted' }), optimizer },
    data,
    oneStep,
    ({ values }) => {
      const [a, b] = [2.222222, 1.578947].map((weight) => (2 * weight) / 3.801169) as [number, number];
      expectClose(values['shared/0/theta'], [4 * a - 6 * b, -a - b, -a - b]);
      expectClose(values['heads/a/loss'], [2 - a]);
      expectClose(values['heads/b/loss'], [3 - b]);
    },
  );
});
