import { adam, createTrainer, mlp, regression, sgd, sumOfLosses } from '@polytask/core';
import { conformance } from '@polytask/core/testing';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { selectiveGroupUpdates } from '../../src/grouping/selective-group-updates.js';
import { golden, linearLosses, takeSteps } from '../loss-problem.js';
import { oneTrunk } from '../one-trunk.js';
import { planted, plantedData } from '../planted-groups.js';

beforeAll(() => tf.setBackend('cpu'));

for (const { name, run } of conformance('step-plan', () => selectiveGroupUpdates({ warmUp: 1, rate: 0.5 }))) {
  test(name, run);
}

type Saved = { affinity: number[][]; groups: number[][] };
const saved = (state: unknown) => (state as { balancing: Saved }).balancing;

test('groups one after the other, by hand', async () => {
  const { state, parameters } = await takeSteps(golden, { balancing: selectiveGroupUpdates({ rate: 1 }) });
  // Gradients are the same everywhere: both steps of size 0.1 add up, in either order.
  expect(Array.from(parameters as Float32Array)).toEqual([-0.2, -0.2, -0.2].map((value) => expect.closeTo(value, 6)));
  // G = [[18, −22], [−22, 38]]. Task a first: losses 2, 3 → 0.2, 5.2 → 2.4, 1.4. Task b first: 2, 3 → 4.2, −0.8 → 2.4, 1.4.
  const { affinity } = saved(state);
  const close = (rows: number[][]) => rows.map((row) => row.map((value) => expect.closeTo(value, 5)));
  const aFirst = close([
    [1 - 0.2 / 2, 1 - 5.2 / 3],
    [1 - 2.4 / 0.2, 1 - 1.4 / 5.2],
  ]);
  // A loss that is not above 0 says nothing.
  const bFirst = close([
    [1 - 2.4 / 4.2, 0],
    [1 - 4.2 / 2, 1 + 0.8 / 3],
  ]);
  expect([aFirst, bFirst]).toContainEqual(affinity);
});

test('with one group it takes the steps of the sum of losses', async () => {
  const options = { steps: 3, optimizer: adam({ learningRate: 0.01 }) };
  const together = await takeSteps(golden, { ...options, balancing: selectiveGroupUpdates({ groups: [['a', 'b']] }) });
  const summed = await takeSteps(golden, { ...options, balancing: sumOfLosses() });
  expect(together.parameters).toEqual(summed.parameters);
});

test('tasks that help each other come together, and an absent one is left alone', async () => {
  const problem = linearLosses(
    [
      [1, 0],
      [1, 0.1],
      [-1, 2],
    ],
    [4, 4, 4],
  );
  const options = { steps: 6, optimizer: sgd({ learningRate: 1e-4 }) };
  const found = await takeSteps(problem, { ...options, balancing: selectiveGroupUpdates({ warmUp: 3 }) });
  expect(saved(found.state).groups).toEqual([[0, 1], [2]]);
  // Three groups for three steps, two groups for three.
  expect(found.logged['selective-group-updates/groups']).toEqual([2.5]);
  const absent = await takeSteps(problem, {
    ...options,
    absent: ['c'],
    balancing: selectiveGroupUpdates({ warmUp: 3 }),
  });
  expect(saved(absent.state).groups).toEqual([[0], [1], [2]]);
  expect(saved(absent.state).affinity[2]).toEqual([0, 0, 0]);
});

test('the first groups hold every task once', async () => {
  const balancing = selectiveGroupUpdates({ groups: [['a'], ['a', 'b']] });
  await expect(takeSteps(golden, { balancing })).rejects.toMatchObject({ code: 'POLYTASK_INVALID_OPTION' });
});

test('planted groups are found while the model learns', async () => {
  const trainer = await createTrainer({
    tasks: ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => regression(name)),
    sharing: oneTrunk(mlp([16], { activation: 'tanh' })),
    balancing: selectiveGroupUpdates({ warmUp: 30 }),
    optimizer: sgd({ learningRate: 0.05 }),
    seed: 1,
  });
  await trainer.fit(plantedData(1, 256).train, { epochs: 15, batchSize: 64 });
  const { state } = await trainer.checkpoint();
  trainer.dispose();
  expect(saved(state).groups).toEqual(planted);
});
