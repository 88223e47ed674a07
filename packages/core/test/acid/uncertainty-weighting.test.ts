import { adam, sgd } from '@polytask/core';
import { linearProblem } from '@polytask/core/testing';
import { expect, test } from 'vitest';
import { tinySharing } from '../helpers/tiny-sharing.js';
import { uncertaintyWeighting } from './methods/uncertainty-weighting.js';
import { goldenJacobian } from './support/golden-jacobian.js';
import { expectClose, expectResumes, trained } from './support/runs.js';
import { toyTable, toyTasks } from './support/toy-data.js';

const { data, ...problem } = linearProblem(goldenJacobian, [2, 3]);
const oneStep = { epochs: 1, batchSize: 2 };
const s = (task: string) => `balancing/uncertainty-weighting/${task}/logVariance`;

test('uncertainty weighting: golden weights and gradient of the log-variances, at a learning rate of their own', async () => {
  const balancing = uncertaintyWeighting({ scale: 'paper', start: -0.5, learningRate: 0.1 });
  const options = { ...problem, balancing, optimizer: sgd({ learningRate: 1 }) };
  await trained(options, data, oneStep, ({ values, events, trainer }) => {
    expectClose(Object.values(events[0]?.weights ?? {}), [0.824361, 0.824361]);
    // The golden gradients are (-1.148721, -1.973082) in the form l/(2e^s) + s/2.
    expectClose(values[s('a')], [-0.5 + 0.1 * 1.148721]);
    expectClose(values[s('b')], [-0.5 + 0.1 * 1.973082]);
    expectClose(
      values['shared/0/theta'],
      [-2, -2, -2].map((sum) => 0.824361 * sum),
    );
    const groups = trainer.parameters?.layout.ranges.map(({ group }) => group);
    expect(groups).toEqual(['model', 'model', 'model', 'balancing', 'balancing']);
  });
});

test('uncertainty weighting: groups of the optimizer come before the recommended learning rate', async () => {
  const optimizer = sgd({ learningRate: 1, groups: { balancing: { learningRate: 0.5 } } });
  const balancing = uncertaintyWeighting({ scale: 'paper', start: -0.5 });
  await trained({ ...problem, balancing, optimizer }, data, oneStep, ({ values }) => {
    expectClose(values[s('a')], [-0.5 + 0.5 * 1.148721]);
  });
});

test('uncertainty weighting: the log-variance of an absent task stands still, its moments too', async () => {
  const train = toyTable(['a', 'b'], 16, { b: (row) => row >= 8 });
  const options = {
    tasks: toyTasks('a', 'b'),
    sharing: tinySharing(),
    balancing: uncertaintyWeighting({ start: -0.5 }),
  };
  const moved: Record<string, number>[] = [];
  await trained(
    { ...options, optimizer: adam({ learningRate: 0.01 }) },
    train,
    {
      epochs: 1,
      batchSize: 8,
      shuffle: false,
      callbacks: [
        {
          stepEnd({ weights }) {
            moved.push({ ...weights });
          },
        },
      ],
    },
    ({ values }) => {
      expect(moved[1]).toEqual({ a: 1, b: 0 }); // alone in its batch, a has all the weight
      // Adam's first step is ± the learning rate, its second about as much again.
      const way = (task: 'a' | 'b') => Math.abs((values[s(task)]?.[0] ?? 0) + 0.5);
      expectClose([way('b')], [0.025]);
      expect(way('a')).toBeGreaterThan(0.04);
    },
  );
});

test('uncertainty weighting resumes', async () => {
  const train = toyTable(['a', 'b', 'c'], 48, { b: (row) => row % 3 === 0 });
  const options = () => ({ tasks: toyTasks('a', 'b', 'c'), sharing: tinySharing(), balancing: uncertaintyWeighting() });
  await expectResumes(options, train, { epochs: 3, batchSize: 8 }, 7);
});
