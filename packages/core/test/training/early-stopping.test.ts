import { type AnyTask, classification, defineMetric, defineTask, type RunningMetric, regression } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  checkStopping,
  type EarlyStopping,
  hasStopped,
  judgeEpoch,
  startStopping,
} from '../../src/training/early-stopping.js';
import type { History } from '../../src/training/history.js';
import { useBackend } from '../helpers/backends.js';
import { linearTask, readBits, rowsDataset, vectorSharing } from '../helpers/vectors.js';
import { disposer, makeTable, mixedTrainer } from './fixtures.js';

const tasks: readonly AnyTask[] = [classification('kind', { classes: 2 }), regression('level')];

/** What is decided after each epoch of these courses, `[task][metric]` one number per epoch. */
function course(options: EarlyStopping, courses: Record<string, Record<string, readonly number[]>>, epochs: number) {
  const keeping: EarlyStopping = { restoreBest: true, ...options };
  const state = startStopping(keeping, tasks, undefined);
  return Array.from({ length: epochs }, (_, e) => {
    const upTo = (numbers: readonly number[]) => numbers.slice(0, e + 1);
    const history = {
      seconds: new Array(e + 1).fill(0),
      validationWeights: {},
      tasks: Object.fromEntries(
        Object.entries(courses).map(([task, metrics]) => [
          task,
          Object.fromEntries(Object.entries(metrics).map(([name, numbers]) => [name, upTo(numbers)])),
        ]),
      ),
    } as unknown as History;
    const { stop, best } = judgeEpoch(keeping, state, tasks, history);
    const of = best.map((i) => tasks[i]?.name);
    return `${best.length === 0 ? '' : keeping.restoreBest === true ? 'best' : `best of ${of}`}${stop ? 'stop' : ''}`;
  });
}

describe('what is watched', () => {
  const kind = { loss: [5, 4, 6, 6, 3], accuracy: [0.5, 0.6, 0.6, 0.7, 0.1] };
  const level = { loss: [1, 1, 1, 1, 1], rmse: [3, 2, 2.5, 1, 4] };

  it('is the sum of validation losses, unless something else is named', () => {
    expect(course({ patience: 1 }, { kind, level }, 5)).toEqual(['best', 'best', '', 'stop', 'beststop']);
    expect(course({ patience: 2 }, { kind, level }, 5)).toEqual(['best', 'best', '', '', 'best']);
    expect(course({ patience: 0 }, { kind, level }, 3)).toEqual(['best', 'best', 'stop']);
  });

  it("is a task's metric, which may be better higher or lower", () => {
    const byAccuracy: EarlyStopping = { patience: 1, monitor: { task: 'kind', metric: 'accuracy' } };
    expect(course(byAccuracy, { kind, level }, 5)).toEqual(['best', 'best', '', 'best', '']);
    const byError: EarlyStopping = { patience: 0, monitor: { task: 'level', metric: 'rmse' } };
    expect(course(byError, { kind, level }, 3)).toEqual(['best', 'best', 'stop']);
    const byLoss: EarlyStopping = { patience: 0, monitor: { task: 'kind', metric: 'loss' } };
    expect(course(byLoss, { kind, level }, 3)).toEqual(['best', 'best', 'stop']);
  });

  it('is the loss of every task, each for itself: the run stops with the last one', () => {
    const later = { loss: [10, 9, 8, 8.5, 8.5] };
    // Relative to the first epoch: 0 and 0; −0.2 and −0.1; 0.2 and −0.2; 0.2 and −0.15; −0.4 and −0.15.
    expect(course({ patience: 0, monitor: 'tasks' }, { kind, level: later }, 5)).toEqual([
      'best',
      'best',
      '',
      'stop',
      'beststop',
    ]);
    expect(course({ patience: 1, monitor: 'tasks' }, { kind, level }, 5)).toEqual([
      'best',
      'best',
      '',
      'stop',
      'beststop',
    ]);
  });

  it('is kept for every task by itself, whatever stops the run', () => {
    const later = { loss: [10, 9, 8, 8.5, 8.5] };
    const courses = { kind, level: later };
    const kept = ['best of kind,level', 'best of kind,level', 'best of level', '', 'best of kind'];
    expect(course({ patience: 3, monitor: 'tasks', restoreBest: 'per-task' }, courses, 5)).toEqual(kept);
    expect(course({ patience: 3, restoreBest: 'per-task' }, courses, 5)).toEqual(kept);
  });

  it('is nothing that is kept, where nothing is gone back to', () => {
    expect(course({ patience: 1, restoreBest: false }, { kind, level }, 4)).toEqual(['', '', '', 'stop']);
  });

  it('must get better by more than minDelta', () => {
    const slow = { loss: [5, 4.9, 4.8, 4.4] };
    expect(course({ patience: 3, minDelta: 0.5 }, { kind: slow, level: { loss: [0, 0, 0, 0] } }, 4)).toEqual([
      'best',
      '',
      '',
      'best',
    ]);
  });

  it('does not count tasks without a validation label, nor anything before there is a number', () => {
    const none = { loss: [Number.NaN, Number.NaN, Number.NaN] };
    expect(course({ patience: 0 }, { kind: none, level: { loss: [3, 2, 2] } }, 3)).toEqual(['best', 'best', 'stop']);
    expect(course({ patience: 0, monitor: { task: 'kind', metric: 'loss' } }, { kind: none, level }, 2)).toEqual([
      'stop',
      'stop',
    ]);
    const late = { loss: [Number.NaN, 4, 5] };
    expect(course({ patience: 1, monitor: { task: 'kind', metric: 'loss' } }, { kind: late, level }, 3)).toEqual([
      '',
      'best',
      '',
    ]);
  });

  it('stops exactly when the best epoch lies further back than patience allows', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 20 }),
        fc.nat(4),
        (losses, patience) => {
          const verdicts = course(
            { patience },
            { kind: { loss: losses }, level: { loss: losses.map(() => 0) } },
            losses.length,
          );
          const stop = verdicts.findIndex((verdict) => verdict.includes('stop'));
          const lag = (epoch: number) => epoch - losses.indexOf(Math.min(...losses.slice(0, epoch + 1)));
          const wanted = losses.findIndex((_, epoch) => lag(epoch) > patience);
          expect(stop).toBe(wanted);
        },
      ),
    );
  });
});

describe('what was watched before', () => {
  it('goes on, where it is the same', () => {
    const state = startStopping({ patience: 1 }, tasks, undefined);
    expect(startStopping({ patience: 1, minDelta: 3 }, tasks, state)).toBe(state);
    expect(startStopping({ patience: 1, monitor: 'tasks' }, tasks, state).watched).toHaveLength(2);
    expect(startStopping({ patience: 1, monitor: { task: 'kind', metric: 'loss' } }, tasks, state)).not.toBe(state);
  });

  it('goes on where something else is kept from now on, which is not known yet', () => {
    const before = startStopping({ patience: 1, restoreBest: true }, tasks, undefined);
    Object.assign(before.watched[0] as object, { best: 1, bestEpoch: 1, waited: 1 });
    Object.assign(before.kept[0] as object, { best: 1, bestEpoch: 1 });
    const after = startStopping({ patience: 1, restoreBest: 'per-task' }, tasks, before);
    expect(after.watched).toEqual(before.watched);
    expect(after.kept).toEqual([
      { best: null, bestEpoch: -1 },
      { best: null, bestEpoch: -1 },
    ]);
  });

  it('that had stopped goes on with more patience', () => {
    const watched = [{ best: 1, bestEpoch: 1, waited: 3, stopped: true }];
    const state = { monitor: '"loss"', watched, kept: [] };
    expect(hasStopped(startStopping({ patience: 2 }, tasks, structuredClone(state)))).toBe(true);
    expect(hasStopped(startStopping({ patience: 3 }, tasks, structuredClone(state)))).toBe(false);
  });
});

describe('is refused', () => {
  it.each([
    [{ patience: -1 }, true, /`earlyStopping.patience` must be a whole number of epochs/],
    [{ patience: 1.5 }, true, /`earlyStopping.patience`/],
    [{ patience: 1 }, false, /Early stopping watches the validation data/],
    [{ patience: 1, monitor: { task: 'kin', metric: 'loss' } }, true, /no task named `kin`.*Did you mean `kind`/],
    [{ patience: 1, monitor: { task: 'kind', metric: 'rmse' } }, true, /no metric of task `kind` named `rmse`/],
    [{ patience: 1, monitor: 'task' as never }, true, /`earlyStopping.monitor` must be loss, relative-loss/],
    [
      { patience: 1, restoreBest: 'task' as never },
      true,
      /`earlyStopping.restoreBest` must be true, false or 'per-task'/,
    ],
    [{ patience: 1, freeze: true }, true, /`earlyStopping.freeze` must be left out, unless .*`monitor: 'tasks'`/],
    [
      { patience: 1, monitor: 'tasks' as const, freeze: 1 as never },
      true,
      /`earlyStopping.freeze` must be true or false/,
    ],
  ])('for %o', (options, validation, message) => {
    expect(() => checkStopping(options, tasks, validation)).toThrow(message);
  });
});

describe('a run', () => {
  const { keep, disposeAll } = disposer();
  beforeEach(() => useBackend('cpu'));
  afterEach(disposeAll);
  const train = makeTable(22, 'train');
  const validation = makeTable(15, 'validation');

  /** A task whose loss and metric on the validation data follow a plan, whatever the model does. */
  function planned(name: string, better: 'higher' | 'lower', values: readonly number[]): AnyTask {
    let epoch = -1;
    const metric = defineMetric({
      name: 'planned',
      better,
      start(): RunningMetric<number> {
        epoch += 1;
        return { update: () => {}, result: () => values[Math.min(epoch, values.length - 1)] as number };
      },
    });
    return defineTask({ ...linearTask(name, 3), metrics: [metric], primaryMetric: 'planned' }) as AnyTask;
  }
  const sharing = vectorSharing({
    shared: { size: 2, usedBy: ['a', 'b'] },
    a: { size: 1, usedBy: ['a'] },
    b: { size: 1, usedBy: ['b'] },
  });
  const rows = rowsDataset({ a: [[1, 1, 1]], b: [[1, 2, 3]] });

  it('ends early, and says so', async () => {
    const trainer = keep(
      await mixedTrainer({ tasks: [planned('a', 'lower', [5, 4, 4.5, 6, 1]), planned('b', 'higher', [1])], sharing }),
    );
    const earlyStopping: EarlyStopping = { patience: 1, monitor: { task: 'a', metric: 'planned' } };
    const history = await trainer.fit(rows, { epochs: 10, validation: rows, earlyStopping });
    expect(history).toMatchObject({ stopped: 'early', steps: 4 });
  });

  it('goes back to the parameters of its best epoch, statistics included', async () => {
    const trainer = keep(
      await mixedTrainer({ tasks: [planned('a', 'higher', [1, 3, 2, 2, 9]), planned('b', 'higher', [1])], sharing }),
    );
    const earlyStopping: EarlyStopping = { patience: 1, monitor: { task: 'a', metric: 'planned' }, restoreBest: true };
    const seen: Record<string, Uint32Array>[] = [];
    const onMetrics = async () => void seen.push(await readBits(trainer));
    const history = await trainer.fit(rows, { epochs: 10, validation: rows, earlyStopping, onMetrics });
    expect(history).toMatchObject({ stopped: 'early', steps: 4 });
    expect(await readBits(trainer)).toEqual(seen[1]);
    expect(await readBits(trainer)).not.toEqual(seen[3]);
  });

  it('goes back also where it was not stopped', async () => {
    const trainer = keep(
      await mixedTrainer({ tasks: [planned('a', 'higher', [3, 1]), planned('b', 'higher', [1])], sharing }),
    );
    const earlyStopping: EarlyStopping = { patience: 5, monitor: { task: 'a', metric: 'planned' }, restoreBest: true };
    const seen: Record<string, Uint32Array>[] = [];
    const onMetrics = async () => void seen.push(await readBits(trainer));
    const history = await trainer.fit(rows, { epochs: 3, validation: rows, earlyStopping, onMetrics });
    expect(history.stopped).toBe('epochs');
    expect(await readBits(trainer)).toEqual(seen[0]);
  });

  /** Validation labels by which training makes task a worse from the first step on, and b always better. */
  const near = rowsDataset({ a: [[-1, -1, -1]], b: [[9, 9, 9]] });
  const real = { tasks: [linearTask('a', 3), linearTask('b', 3)], sharing };

  it('goes on with all tasks until the last has stopped: no part stands still', async () => {
    const trainer = keep(await mixedTrainer(real));
    const seen: Record<string, Uint32Array>[] = [];
    const history = await trainer.fit(rows, {
      epochs: 6,
      validation: near,
      earlyStopping: { patience: 0, monitor: 'tasks', minDelta: 1e-3 },
      onMetrics: async () => void seen.push(await readBits(trainer)),
    });
    expect(history).toMatchObject({ stopped: 'epochs', steps: 6 });
    expect(history.tasks.a?.trainLoss).not.toContain(Number.NaN);
    for (const path of Object.keys(seen[0] as object)) {
      for (let e = 1; e < seen.length; e++) expect(seen[e]?.[path], path).not.toEqual(seen[e - 1]?.[path]);
    }
  });

  it('freezes the task that has stopped, where it is asked for: what it alone uses stands still, and pulls at nothing', async () => {
    const trainer = keep(await mixedTrainer(real));
    const seen: Record<string, Uint32Array>[] = [];
    const history = await trainer.fit(rows, {
      epochs: 5,
      validation: near,
      earlyStopping: { patience: 0, monitor: 'tasks', minDelta: 1e-3, freeze: true },
      onMetrics: async () => void seen.push(await readBits(trainer)),
    });
    // The first epoch is never worse; the second one is, and ends with the task frozen.
    expect(history).toMatchObject({ stopped: 'epochs', steps: 5 });
    expect(history.tasks.a?.trainLoss.map(Number.isNaN)).toEqual([false, false, true, true, true]);
    expect(history.tasks.a?.loss).not.toContain(Number.NaN);
    const { segments = [] } = trainer.parameters?.layout ?? {};
    for (const { path, usedBy } of segments) {
      for (let e = 2; e < seen.length; e++) {
        const same = seen[e]?.[path]?.join() === seen[e - 1]?.[path]?.join();
        expect(same, path).toBe(usedBy.join() === 'a');
      }
    }
  });

  it('that has ended early does not go on, unless it gets more patience or none is asked for', async () => {
    const make = () => [planned('a', 'higher', [3, 1, 1, 1, 4, 1]), planned('b', 'higher', [1])];
    const monitor = { task: 'a', metric: 'planned' };
    const trainer = keep(await mixedTrainer({ tasks: make(), sharing }));
    const fit = (patience: number | undefined, epochs: number) =>
      trainer.fit(rows, {
        epochs,
        validation: rows,
        ...(patience === undefined ? {} : { earlyStopping: { patience, monitor } }),
      });
    expect(await fit(1, 20)).toMatchObject({ stopped: 'early', steps: 3 });
    expect(await fit(1, 20)).toMatchObject({ stopped: 'early', steps: 3 });
    expect(await fit(2, 20)).toMatchObject({ stopped: 'early', steps: 4 });
    expect(await fit(undefined, 6)).toMatchObject({ stopped: 'epochs', steps: 6 });
  });

  it('may watch something else from one fit to the next', async () => {
    const trainer = keep(
      await mixedTrainer({ tasks: [planned('a', 'higher', [3, 1, 1]), planned('b', 'higher', [1, 2, 3, 4])], sharing }),
    );
    const fit = (earlyStopping: EarlyStopping, epochs: number) =>
      trainer.fit(rows, { epochs, validation: rows, earlyStopping });
    expect(await fit({ patience: 0, monitor: { task: 'a', metric: 'planned' } }, 9)).toMatchObject({
      stopped: 'early',
      steps: 2,
    });
    expect(await fit({ patience: 0, monitor: 'tasks' }, 4)).toMatchObject({ stopped: 'epochs', steps: 4 });
  });

  it('watches the sum of losses of real tasks', async () => {
    const trainer = keep(await mixedTrainer());
    const history = await trainer.fit(train, { epochs: 40, batchSize: 4, validation, earlyStopping: { patience: 1 } });
    const sums = history.tasks.kind?.loss.map(
      (loss, epoch) => loss + (history.tasks.level?.loss[epoch] as number),
    ) as number[];
    expect(history.stopped).toBe('early');
    const best = sums.indexOf(Math.min(...sums));
    expect(sums.length - 1 - best).toBe(2);
  });

  it('leaks nothing', async () => {
    const before = tf.memory().numTensors;
    const trainer = await mixedTrainer();
    await trainer.fit(train, {
      epochs: 3,
      batchSize: 8,
      validation,
      earlyStopping: { patience: 0, restoreBest: true },
    });
    trainer.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});
