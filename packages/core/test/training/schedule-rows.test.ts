import { type AnyTask, defineSchedule, perTaskDatasets, type TrainerOptions } from '@polytask/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { useBackend } from '../helpers/backends.js';
import { linearTask, noise, rowsDataset, vectorSharing } from '../helpers/vectors.js';
import { disposer, mixedTrainer } from './fixtures.js';

const { keep, disposeAll } = disposer();
beforeEach(() => useBackend('cpu'));
afterEach(disposeAll);

const rows = (n: number) => Array.from({ length: n }, (_, i) => noise(2, i));
const makeTrainer = (options: Partial<TrainerOptions<readonly AnyTask[]>>) =>
  mixedTrainer({
    tasks: [linearTask('a', 2), linearTask('b', 2)],
    sharing: vectorSharing({ v: { size: 2, usedBy: ['a', 'b'] } }),
    ...options,
  });

describe('a task schedule', () => {
  const perTask = perTaskDatasets({ b: rowsDataset({ b: rows(4) }), a: rowsDataset({ a: rows(6) }) });
  const schedule = (rowsOf: () => readonly number[], seen?: unknown[]) =>
    defineSchedule({
      name: 'fixed',
      bind(context) {
        seen?.push([context.tasks, context.sizes, context.batchSize]);
        return { rows: rowsOf, observe: (report, step) => seen?.push([Array.from(report.losses, Number.isNaN), step]) };
      },
    });

  it('speaks of tasks in their order, whatever the order of their data sets', async () => {
    const seen: unknown[] = [];
    const trainer = keep(await makeTrainer({ schedule: schedule(() => [5, 0], seen) }));
    await trainer.fit(perTask, { epochs: 1, batchSize: 5 });
    expect(seen).toEqual([
      [['a', 'b'], [6, 4], 5],
      [[false, true], { step: 0, epoch: 0, totalSteps: 2, totalEpochs: 1, stepsPerEpoch: 2 }],
      [[false, true], { step: 1, epoch: 0, totalSteps: 2, totalEpochs: 1, stepsPerEpoch: 2 }],
    ]);
  });

  it('is refused for data without a source per task, and rows that do not add up', async () => {
    const one = keep(await makeTrainer({ schedule: schedule(() => [1, 1]) }));
    await expect(one.fit(rowsDataset({ a: rows(2), b: rows(2) }), { epochs: 1 })).rejects.toMatchObject({
      code: 'POLYTASK_NO_SOURCES',
    });
    const two = keep(await makeTrainer({ schedule: schedule(() => [1, 1]) }));
    await expect(two.fit(perTask, { epochs: 1, batchSize: 3 })).rejects.toThrow(/sum to batchSize 3/);
  });
});
