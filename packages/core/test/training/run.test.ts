import {
  type AnyTask,
  defineGradientBalancing,
  defineOptimizer,
  eager,
  regression,
  sgd,
  tableDataset,
} from '@polytask/core';
import { defineExecutor } from '@polytask/core/executors';
import * as tf from '@tensorflow/tfjs';
import { beforeEach, describe, expect, it } from 'vitest';
import { change, type Run, settled } from '../../src/training/run.js';
import { useBackend } from '../helpers/backends.js';
import { linearTask, rowsDataset, vectorSharing } from '../helpers/vectors.js';
import { makeTable, mixedTrainer, noting } from './fixtures.js';

let before: number;
beforeEach(async () => {
  await useBackend('cpu');
  before = tf.memory().numTensors;
});

const inputs = { x: { shape: [3], dtype: 'float32' as const } };

describe('a run that cannot be opened leaves no tensor', () => {
  it('where the executor fails', async () => {
    const executor = defineExecutor({
      name: 'broken',
      open() {
        throw new Error('no device');
      },
    });
    await expect(mixedTrainer({ executor, inputs })).rejects.toThrow('no device');
    expect(tf.memory().numTensors).toBe(before);
  });

  it('where the session fails later', async () => {
    const executor = defineExecutor({
      name: 'small',
      async open(layout) {
        const session = await eager().open(layout);
        let uploads = 0;
        return {
          ...session,
          upload(value) {
            if (++uploads === 3) throw new Error('out of memory');
            return session.upload(value);
          },
        };
      },
    });
    const optimizer = defineOptimizer({ ...sgd(), slots: ['one'] });
    await expect(mixedTrainer({ executor, optimizer, inputs })).rejects.toThrow('out of memory');
    expect(tf.memory().numTensors).toBe(before);
  });

  it('where the balancing has no way of taking a step', async () => {
    const balancing = defineGradientBalancing({ name: 'empty', bind: () => ({}) });
    await expect(mixedTrainer({ balancing, inputs })).rejects.toMatchObject({ code: 'POLYTASK_BALANCING_SHAPE' });
    expect(tf.memory().numTensors).toBe(before);
  });

  it('and the trainer can try again', async () => {
    let broken = true;
    const executor = defineExecutor({
      name: 'moody',
      open(layout) {
        if (broken) throw new Error('not now');
        return eager().open(layout);
      },
    });
    const trainer = await mixedTrainer({ executor });
    const train = makeTable(8, 1);
    await expect(trainer.fit(train, { epochs: 1 })).rejects.toThrow('not now');
    broken = false;
    expect((await trainer.fit(train, { epochs: 1 })).steps).toBe(1);
    trainer.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('constants', () => {
  it('are learned once, from the labels of the first fit', async () => {
    const seen: number[] = [];
    const base = regression('level');
    const task: AnyTask = {
      ...base,
      prepare: (labels) => noting(seen, labels.targets.data.length, base.prepare?.(labels) ?? {}),
    };
    const trainer = await mixedTrainer({ tasks: [task], inputs });
    await trainer.fit(makeTable(8, 1, false), { epochs: 1 });
    const { constants } = (await trainer.checkpoint()).state;
    await trainer.fit(makeTable(9, 2, false), { epochs: 2 });
    expect(seen).toEqual([8]);
    expect((await trainer.checkpoint()).state.constants).toEqual(constants);
    trainer.dispose();
  });

  it('of labels that cannot be learned from are refused, and better labels are taken', async () => {
    const trainer = await mixedTrainer({ tasks: [regression('level')] });
    const x = { data: new Float32Array(6), shape: [2, 3] };
    const flat = tableDataset({ inputs: { x }, columns: { level: [4, 4] } });
    await expect(trainer.fit(flat, { epochs: 1 })).rejects.toMatchObject({ code: 'POLYTASK_LABELS', task: 'level' });
    await trainer.fit(tableDataset({ inputs: { x }, columns: { level: [4, 6] } }), { epochs: 1 });
    expect((await trainer.checkpoint()).state.constants).toEqual({ level: { mean: 5, standardDeviation: 1 } });
    trainer.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});

it('disposes of every part once', async () => {
  const log: string[] = [];
  const vectors = vectorSharing({ v: { size: 2, usedBy: ['a', 'b'] } });
  const trainer = await mixedTrainer({
    tasks: [linearTask('a', 2), linearTask('b', 2)],
    sharing: { ...vectors, bind: (context) => ({ ...vectors.bind(context), dispose: () => void log.push('sharing') }) },
    balancing: defineGradientBalancing({
      name: 'even',
      bind: () => ({ weights: ({ tasks }) => tasks.map(() => 1), dispose: () => void log.push('balancing') }),
    }),
  });
  await trainer.fit(rowsDataset({ a: [[1, 1]], b: [[1, 1]] }), { epochs: 1 });
  trainer.dispose();
  trainer.dispose();
  expect(log.sort()).toEqual(['balancing', 'sharing']);
  expect(tf.memory().numTensors).toBe(before);
});

describe('what is under way', () => {
  it('is waited for, well or badly', async () => {
    const run = { busy: undefined, broken: false } as Run;
    const log: string[] = [];
    let finish: () => void = () => {};
    const first = change(
      run,
      () =>
        new Promise<void>((resolve) => {
          finish = resolve;
        }),
      () => true,
    );
    const waiting = settled(run).then(() => log.push('settled'));
    await Promise.resolve();
    expect(log).toEqual([]);
    finish();
    await Promise.all([first, waiting]);
    expect(log).toEqual(['settled']);
    expect(run.broken).toBe(false);
    const failing = change(
      run,
      () => Promise.reject(new Error('boom')),
      () => true,
    );
    const after = settled(run);
    await expect(failing).rejects.toThrow('boom');
    await after;
    expect(run.busy).toBeUndefined();
    expect(run.broken).toBe(true);
  });
});
