import { sgd } from '@polytask/core';
import { linearProblem } from '@polytask/core/testing';
import { expect, test } from 'vitest';
import { tinySharing } from '../helpers/tiny-sharing.js';
import { dynamicWeightAverage } from './methods/dynamic-weight-average.js';
import { expectClose, expectResumes, trained } from './support/runs.js';
import { toyTable, toyTasks } from './support/toy-data.js';

test('dynamic weight average: golden weights from the loss ratios of two epochs', async () => {
  // Heads fall by 1 per step, so the losses are 4, 3 and 2, 1: ratios .75 and .5.
  const { data, ...problem } = linearProblem([[0], [0]], [4, 2]);
  const options = { ...problem, balancing: dynamicWeightAverage(), optimizer: sgd({ learningRate: 1 }) };
  await trained(options, data, { epochs: 3, batchSize: 2 }, ({ events, trainer }) => {
    expect(events.map(({ losses }) => losses)).toEqual([
      { a: 4, b: 2 },
      { a: 3, b: 1 },
      { a: 2, b: 0 },
    ]);
    expect(events[1]?.weights).toEqual({ a: 1, b: 1 });
    expectClose(Object.values(events[2]?.weights ?? {}), [1.062419, 0.937581]);
    expectClose(trainer.history?.tasks.a?.weight, [1, 1, 1.062419]);
  });
});

test('dynamic weight average resumes, between epochs and within', async () => {
  const train = toyTable(['a', 'b'], 24, { b: (row) => row % 2 === 0 });
  const options = () => ({ tasks: toyTasks('a', 'b'), sharing: tinySharing(), balancing: dynamicWeightAverage() });
  await expectResumes(options, train, { epochs: 4, batchSize: 8 }, 6);
  await expectResumes(options, train, { epochs: 4, batchSize: 8 }, 8);
});
