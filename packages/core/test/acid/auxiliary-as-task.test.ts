import { defineAuxiliary, defineGradientBalancing, type GramianInput, mlp, sgd } from '@polytask/core';
import { linearProblem } from '@polytask/core/testing';
import * as tf from '@tensorflow/tfjs';
import { expect, test } from 'vitest';
import { tinySharing } from '../helpers/tiny-sharing.js';
import { dynamicWeightAverage } from './methods/dynamic-weight-average.js';
import { mgda } from './methods/mgda.js';
import { pcgrad } from './methods/pcgrad.js';
import { uncertaintyWeighting } from './methods/uncertainty-weighting.js';
import { goldenJacobian } from './support/golden-jacobian.js';
import { expectClose, expectResumes, trained } from './support/runs.js';
import { toyTable, toyTasks } from './support/toy-data.js';

/** c · θ + ½ (θ₁ − 1)² + own², weighted: a third objective with a gradient by shared, private and own variables. */
const extra = (weight: number, asTask = true) =>
  defineAuxiliary({
    name: 'extra',
    weight,
    asTask,
    bind({ scope, layout }) {
      const own = scope.variable('own', [], () => Float32Array.of(3));
      const find = (path: string) => layout.segments.find((one) => one.path === path)?.variable as tf.Variable;
      const theta = find('shared/0/theta');
      const head = find('heads/a/loss');
      return {
        loss() {
          const shared = tf.sum(tf.mul(theta, tf.tensor1d([1, 0, 2])));
          return tf.addN([shared, tf.mul(head, 0.5), tf.square(own)]);
        },
      };
    },
  });

const { data, ...problem } = linearProblem(goldenJacobian, [2, 3]);
const optimizer = sgd({ learningRate: 0.1 });
const oneStep = { epochs: 1, batchSize: 2 };

test('an auxiliary objective as a task has a row of its own, times its weight', async () => {
  const seen: GramianInput[] = [];
  const fixed = defineGradientBalancing({
    name: 'fixed',
    scale: 'paper',
    headGradients: 'weighted',
    bind: ({ tasks }) => ({
      weights(input) {
        expect(tasks).toEqual(['a', 'b', 'extra']);
        seen.push(input);
        return [1, 2, 3];
      },
    }),
  });
  const options = { ...problem, auxiliary: [extra(0.5)], balancing: fixed, optimizer };
  await trained(options, data, oneStep, ({ values, events, trainer }) => {
    // Rows (-4, 1, 1), (6, 1, 1) and ½ (1, 0, 2).
    expectClose(seen[0]?.gramian, [18, -22, -1, -22, 38, 4, -1, 4, 1.25]);
    expectClose(seen[0]?.losses, [2, 3, 0.5 * (1 + 9)]);
    expect(events[0]?.weights).toEqual({ a: 1, b: 2, extra: 3 });
    expect(events[0]?.terms).toEqual({});
    expect(trainer.history?.auxiliary).toEqual({ extra: [5] });
    expectClose(values['shared/0/theta'], [-0.1 * (-4 + 12 + 1.5), -0.1 * (1 + 2), -0.1 * (1 + 2 + 3)]);
    // The head of a: its own loss with weight 1, and ½ · ½ from the third objective with weight 3.
    expectClose(values['heads/a/loss'], [2 - 0.1 * (1 + 3 * 0.25)]);
    expectClose(values['heads/b/loss'], [3 - 0.1 * 2]);
    expectClose(values['auxiliary/extra/own'], [3 - 0.1 * 3 * 0.5 * 6]);
  });
});

test('raw head gradients take the third objective as it is', async () => {
  const options = { ...problem, auxiliary: [extra(0.5)], balancing: pcgrad(), optimizer };
  await trained(options, data, oneStep, ({ values }) => {
    expectClose(values['heads/a/loss'], [2 - 0.1 * (1 + 0.25)]);
    expectClose(values['auxiliary/extra/own'], [3 - 0.1 * 0.5 * 6]);
  });
});

test('the same objective added after balancing', async () => {
  const options = { ...problem, auxiliary: [extra(0.5, false)], balancing: mgda({ scale: 'paper' }), optimizer };
  await trained(options, data, oneStep, ({ values, events }) => {
    // MGDA's direction is (0, 1, 1).
    expectClose(values['shared/0/theta'], [-0.1 * 0.5, -0.1, -0.1 * 2]);
    expectClose(values['auxiliary/extra/own'], [3 - 0.1 * 0.5 * 6]);
    expect(events[0]?.terms).toEqual({ extra: 10 });
  });
});

test('a loss weighting weighs it too', async () => {
  const options = {
    ...problem,
    auxiliary: [extra(0.5)],
    balancing: uncertaintyWeighting({ scale: 'paper' }),
    optimizer,
  };
  await trained(options, data, oneStep, ({ values, events, trainer }) => {
    expect(events[0]?.weights).toEqual({ a: 0.5, b: 0.5, extra: 0.5 });
    expectClose(values['balancing/uncertainty-weighting/extra/logVariance'], [0 - 0.025 * 0.5 * (1 - 5)]);
    expect(trainer.parameters?.layout.ranges.at(-1)?.usedBy).toEqual(['extra']);
  });
});

test('an auxiliary objective as a task resumes', async () => {
  const penalty = defineAuxiliary({
    name: 'penalty',
    asTask: true,
    bind: () => ({ loss: ({ state }) => tf.mean(tf.square(state.shared as tf.Tensor)) }),
  });
  const options = () => ({
    tasks: toyTasks('a', 'b'),
    sharing: tinySharing(mlp([6])),
    auxiliary: [penalty],
    balancing: dynamicWeightAverage(),
  });
  await expectResumes(options, toyTable(['a', 'b'], 16), { epochs: 4, batchSize: 4 }, 10);
});
