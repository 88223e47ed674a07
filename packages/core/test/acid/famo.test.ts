import { mlp, sgd } from '@polytask/core';
import { linearProblem } from '@polytask/core/testing';
import { expect, test } from 'vitest';
import { tinySharing } from '../helpers/tiny-sharing.js';
import { famo } from './methods/famo.js';
import { goldenJacobian } from './support/golden-jacobian.js';
import { expectClose, expectResumes, trained } from './support/runs.js';
import { toyTable, toyTasks } from './support/toy-data.js';

const logits = (checkpoint: { state: object }) =>
  (checkpoint.state as { balancing: { values: number[] } }).balancing.values;

test('FAMO: golden direction, and logits that follow the losses after the update', async () => {
  const { data, ...problem } = linearProblem(goldenJacobian, [2, 3]);
  const options = { ...problem, balancing: famo(), optimizer: sgd({ learningRate: 0.1 }) };
  await trained(options, data, { epochs: 2, batchSize: 2 }, ({ values, events, checkpoint, programs }) => {
    expectClose(Object.values(events[0]?.weights ?? {}), [0.6, 0.4]);
    // One backward and two forward passes per step.
    expect(programs.slice(0, 3).map(({ program }) => program)).toEqual([
      'gradient-weighted-of-scalarized-losses',
      'apply-uniform',
      'losses',
    ]);
    // Step 1: d = (0, 1, 1); heads fall by .1 times their weight; so do the losses, by a_k · d besides.
    const after = [2 - 0.1 * (2 + 0.6), 3 - 0.1 * (2 + 0.4)] as const;
    expectClose(Object.values(events[1]?.losses ?? {}), after);
    const change = [Math.log(2 / after[0]), Math.log(3 / after[1])] as const;
    // Adam's first step is the learning rate towards the sign: the task that fell more gets the smaller logit.
    const direction = Math.sign(0.5 * (change[0] - (change[0] + change[1]) / 2));
    expect(direction).toBe(1);
    const ratio = Math.exp(-0.05);
    const z = [ratio / (1 + ratio), 1 / (1 + ratio)] as const;
    const [first, second] = [z[0] / after[0], z[1] / after[1]];
    expectClose(Object.values(events[1]?.weights ?? {}), [first / (first + second), second / (first + second)]);
    expect(logits(checkpoint)[0]).toBeLessThan(-0.04);
    expectClose(values['heads/a/loss'], [2 - 0.06 - (0.1 * first) / (first + second)]);
  });
});

const encoder = () => mlp([8], { batchNorm: true, dropout: 0.5 });

test('FAMO: the pass after the update sees the same dropout masks and moves no BatchNorm statistics', async () => {
  const train = toyTable(['a', 'b'], 8);
  const options = { tasks: toyTasks('a', 'b'), sharing: tinySharing(encoder()), seed: 3 };
  const still = sgd({ learningRate: 1e-30 });
  const statistics: number[][] = [];
  await trained({ ...options, optimizer: still }, train, { epochs: 1, batchSize: 8 }, ({ values }) => {
    statistics.push(values['trunk/dense0/batchNorm/movingMean'] ?? []);
  });
  await trained(
    { ...options, optimizer: still, balancing: famo({ decay: 0 }) },
    train,
    { epochs: 1, batchSize: 8 },
    ({ values, checkpoint }) => {
      // Nothing moved, so that equal masks mean equal losses, no change, and logits that stay exactly 0.
      expect(logits(checkpoint)).toEqual([0, 0]);
      expect(values['trunk/dense0/batchNorm/movingMean']).toEqual(statistics[0]);
      expect(statistics[0]?.some((mean) => mean !== 0)).toBe(true);
    },
  );
});

test('FAMO resumes, with tasks absent from some batches', async () => {
  const train = toyTable(['a', 'b', 'c'], 32, { b: (row) => row % 8 < 6 });
  const options = () => ({ tasks: toyTasks('a', 'b', 'c'), sharing: tinySharing(encoder()), balancing: famo() });
  await expectResumes(options, train, { epochs: 3, batchSize: 4 }, 11);
});
