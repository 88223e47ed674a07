import { sgd } from '@polytask/core';
import { linearProblem } from '@polytask/core/testing';
import { expect, test } from 'vitest';
import { tinySharing } from '../helpers/tiny-sharing.js';
import { dbMtl, moco } from './methods/momentum-balancing.js';
import { goldenJacobian } from './support/golden-jacobian.js';
import { expectClose, expectResumes, trained } from './support/runs.js';
import { toyTable, toyTasks } from './support/toy-data.js';

const { data, ...problem } = linearProblem(goldenJacobian, [2, 3]);

test('DB-MTL: golden direction of the first step, and momentum in the second', async () => {
  const options = { ...problem, balancing: dbMtl(), optimizer: sgd({ learningRate: 1e-7 }) };
  await trained(options, data, { epochs: 1, batchSize: 2 }, ({ values, checkpoint }) => {
    expectClose(
      values['shared/0/theta']?.map((value) => value * -1e7),
      [0.006474, 0.084412, 0.084412],
      1e-4,
    );
    expectClose(checkpoint.tensors['stored/balancing/momentum']?.data, [-0.2, 0.05, 0.05, 0.2, 1 / 30, 1 / 30]);
  });
  await trained(options, data, { epochs: 2, batchSize: 2 }, ({ checkpoint }) => {
    expectClose(
      checkpoint.tensors['stored/balancing/momentum']?.data,
      [-0.38, 0.095, 0.095, 0.38, 0.19 / 3, 0.19 / 3],
      1e-4,
    );
  });
});

test('DB-MTL: an absent task keeps its momentum', async () => {
  const train = toyTable(['a', 'b'], 16, { b: (row) => row >= 8 });
  const tensors: (readonly number[])[] = [];
  const options = { tasks: toyTasks('a', 'b'), sharing: tinySharing(), balancing: dbMtl(), optimizer: sgd() };
  for (const epochs of [1, 2]) {
    const lastBatch = epochs === 1 ? 'keep' : 'drop';
    await trained(
      options,
      train,
      { epochs: 1, batchSize: epochs === 1 ? 8 : 9, shuffle: false, lastBatch },
      ({ checkpoint, trainer, events }) => {
        const columns = trainer.parameters?.layout.sharedSize ?? 0;
        tensors.push(Array.from(checkpoint.tensors['stored/balancing/momentum']?.data ?? []).slice(columns));
        if (epochs === 1) expect(events[1]?.weights).toEqual({ a: 1, b: 0 });
      },
    );
  }
  expect(tensors[0]).toEqual(tensors[1]);
});

test('MoCo: golden weights of two steps', async () => {
  const options = { ...problem, balancing: moco(), optimizer: sgd({ learningRate: 1e-9 }) };
  await trained(options, data, { epochs: 2, batchSize: 2 }, ({ events, values }) => {
    expectClose(Object.values(events[0]?.weights ?? {}), [0.51562, 0.48438]);
    expectClose(Object.values(events[1]?.weights ?? {}), [0.52511, 0.47489]);
    expect(values['heads/a/loss']).toEqual([2]);
  });
});

test.each([dbMtl(), moco()])('$name resumes', async (balancing) => {
  const train = toyTable(['a', 'b', 'c'], 24, { c: (row) => row % 6 < 4 });
  const options = () => ({ tasks: toyTasks('a', 'b', 'c'), sharing: tinySharing(), balancing });
  await expectResumes(options, train, { epochs: 3, batchSize: 4 }, 7);
});
