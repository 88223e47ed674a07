import {
  type AnyTask,
  adam,
  binary,
  classification,
  createTrainer,
  defineStepPlan,
  eager,
  mlp,
  regression,
  sgd,
  tableDataset,
  uniformFloats,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { beforeEach, describe, expect, it } from 'vitest';
import { useBackend } from '../helpers/backends.js';
import { tinySharing } from '../helpers/tiny-sharing.js';
import { linearTask, rowsDataset, vectorSharing } from '../helpers/vectors.js';
import { makeTable, mixedTasks, mixedTrainer, restlessSharing } from './fixtures.js';

let before: number;
beforeEach(async () => {
  await useBackend('cpu');
  before = tf.memory().numTensors;
});

const inputs = { x: { shape: [3], dtype: 'float32' as const } };

it('learns several tasks at once', async () => {
  const n = 128;
  const x = uniformFloats(n * 2, 'x');
  const left = (row: number) => x[2 * row] as number;
  const right = (row: number) => x[2 * row + 1] as number;
  const rows = Array.from({ length: n }, (_, row) => row);
  const train = tableDataset({
    inputs: { x: { data: x, shape: [n, 2] } },
    columns: {
      larger: Int32Array.from(rows, (row) => (left(row) > right(row) ? 1 : 0)),
      high: Int32Array.from(rows, (row) => (left(row) > 0.5 ? 1 : 0)),
      sum: Float32Array.from(rows, (row) => left(row) + 2 * right(row)),
    },
  });
  const trainer = await createTrainer({
    tasks: [classification('larger', { classes: 2 }), binary('high'), regression('sum')],
    sharing: tinySharing(mlp([8], { activation: 'tanh' })),
    optimizer: adam({ learningRate: 0.05 }),
    seed: 1,
  });
  const { tasks } = await trainer.fit(train, { epochs: 20, batchSize: 32, validation: train });
  expect(tasks.larger.accuracy.at(-1)).toBeGreaterThan(0.95);
  expect(tasks.high.accuracy.at(-1)).toBeGreaterThan(0.95);
  expect(tasks.sum.r2.at(-1)).toBeGreaterThan(0.95);
  trainer.dispose();
  expect(tf.memory().numTensors).toBe(before);
});

it('learns a single task', async () => {
  const trainer = await createTrainer({
    tasks: [regression('level')],
    sharing: tinySharing(mlp([4])),
    optimizer: adam({ learningRate: 0.05 }),
  });
  const train = makeTable(40, 1, false);
  const { tasks } = await trainer.fit(train, { epochs: 25, batchSize: 8, validation: train });
  expect(tasks.level.r2.at(-1)).toBeGreaterThan(0.9);
  trainer.dispose();
});

it('refuses a model that no flat vector could hold, before memory is taken for it', async () => {
  const before = tf.memory().numTensors;
  const inputs = { x: { shape: [2], dtype: 'float32' } } as const;
  const sharing = tinySharing(mlp([8, 2 ** 28]));
  const refused = createTrainer({ tasks: [regression('level')], sharing, inputs });
  await expect(refused).rejects.toMatchObject({ code: 'POLYTASK_MODEL_TOO_LARGE' });
  expect(tf.memory().numTensors).toBe(before);
});

describe('is refused at once', () => {
  it.each([
    ['no task', { tasks: [] }, 'POLYTASK_NO_TASKS'],
    ['a task called like what objects have', { tasks: [regression('toString')] }, 'POLYTASK_RESERVED_NAME'],
    ['a task called like the prototype', { tasks: [regression('__proto__')] }, 'POLYTASK_RESERVED_NAME'],
    ['two tasks of one name', { tasks: [regression('a'), regression('a')] }, 'POLYTASK_DUPLICATE_NAME'],
    ['a task that is none', { tasks: [regression] }, 'POLYTASK_WRONG_PART'],
    ['a sharing that is none', { sharing: mlp([1]) }, 'POLYTASK_WRONG_PART'],
    ['a balancing that is none', { balancing: sgd() }, 'POLYTASK_WRONG_PART'],
    ['an auxiliary that is none', { auxiliary: [sgd()] }, 'POLYTASK_WRONG_PART'],
    ['an optimizer that is none', { optimizer: eager() }, 'POLYTASK_WRONG_PART'],
    ['an executor that is none', { executor: eager }, 'POLYTASK_WRONG_PART'],
    ['a schedule that is none', { schedule: sgd() }, 'POLYTASK_WRONG_PART'],
    ['a part of a later contract', { optimizer: { ...sgd(), specVersion: 2 } }, 'POLYTASK_UNSUPPORTED_VERSION'],
    ['a seed that is no whole number', { seed: 0.5 }, 'POLYTASK_INVALID_OPTION'],
    [
      'an input that the model does not have',
      { inputs, tasks: [regression('a', { inputs: ['y'] })] },
      'POLYTASK_UNKNOWN_NAME',
    ],
  ])('%s', async (_, options, code) => {
    await expect(mixedTrainer(options as never)).rejects.toMatchObject({ code });
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('the model', () => {
  it('is built at once where inputs are given, else by the first fit', async () => {
    const at = await mixedTrainer({ inputs });
    const late = await mixedTrainer();
    expect(at.parameters?.layout.segments[0]?.shape).toEqual([3, 5]);
    expect([late.parameters, late.history]).toEqual([undefined, undefined]);
    await late.fit(makeTable(8, 1), { epochs: 1 });
    expect(late.parameters?.layout.segments.map(({ path }) => path)).toEqual(
      at.parameters?.layout.segments.map(({ path }) => path),
    );
    at.dispose();
    late.dispose();
  });

  it('is gone after dispose', async () => {
    const trainer = await mixedTrainer({ inputs });
    trainer.dispose();
    expect([trainer.parameters, trainer.history]).toEqual([undefined, undefined]);
    await expect(trainer.predict({})).rejects.toMatchObject({ code: 'POLYTASK_DISPOSED' });
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('tensors', () => {
  it('are as many after thousands of steps as after the first hundred', async () => {
    const tasks: readonly AnyTask[] = [linearTask('a', 1), linearTask('b', 1)];
    const sharing = vectorSharing({ v: { size: 1, usedBy: ['a', 'b'] } });
    const rows = Array.from({ length: 100 }, (_, i) => [Math.sin(i)]);
    // Every 99th batch lacks a task and takes the longer way through the optimizer.
    const train = rowsDataset({ a: rows.map((row, i) => (i === 98 ? null : row)), b: rows });
    const trainer = await mixedTrainer({ tasks, sharing, optimizer: sgd({ learningRate: 1e-6 }) });
    const counts = new Set<number>();
    const bytes = new Set<number>();
    const onMetrics = () => {
      counts.add(tf.memory().numTensors);
      bytes.add(tf.memory().numBytes);
    };
    await trainer.fit(train, { epochs: 30, batchSize: 1, onMetrics });
    expect(trainer.history?.steps).toBe(3000);
    expect([counts.size, bytes.size]).toEqual([1, 1]);
    trainer.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it.each(['cpu', 'wasm'] as const)('on %s come back from everything that a trainer does', async (backend) => {
    await useBackend(backend);
    const [train, validation] = [makeTable(22, 1), makeTable(9, 2)];
    const start = tf.memory().numTensors;
    const trainer = await mixedTrainer({ sharing: restlessSharing(), optimizer: adam() });
    await trainer.fit(train, { epochs: 1, batchSize: 5, validation });
    const trained = tf.memory().numTensors;
    await trainer.fit(train, {
      epochs: 3,
      batchSize: 4,
      validation,
      earlyStopping: { patience: 1, restoreBest: true },
    });
    await trainer.evaluate(validation);
    await trainer.predict(validation.gather([0]).inputs);
    await trainer.parameters?.read('trunk/dense0/kernel');
    await trainer.restore(await trainer.checkpoint());
    expect(tf.memory().numTensors).toBe(trained);
    trainer.dispose();
    expect(tf.memory().numTensors).toBe(start);
  });

  it('come back from a step that failed, and the run can go on', async () => {
    let fail = true;
    const plan = defineStepPlan({
      name: 'moody',
      bind: () => ({
        async step(p) {
          const { gradient, losses, weights } = await p.gradient();
          if (fail && p.info.step === 2) throw new Error('boom');
          await p.apply(gradient);
          return { losses, weights };
        },
      }),
    });
    const train = makeTable(22, 1);
    const trainer = await mixedTrainer({ balancing: plan, inputs });
    const built = tf.memory().numTensors;
    await expect(trainer.fit(train, { epochs: 1, batchSize: 5 })).rejects.toThrow('boom');
    expect(tf.memory().numTensors).toBe(built);
    fail = false;
    const history = await trainer.fit(train, { epochs: 1, batchSize: 5 });
    expect(history.steps).toBe(5);
    trainer.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it('come back where a kernel has no gradient', async () => {
    const [kind, level] = mixedTasks();
    const stepped: AnyTask = { ...level, loss: (outputs) => tf.reshape(tf.round(outputs.value as tf.Tensor), [-1]) };
    const floored: AnyTask = {
      ...level,
      loss: (outputs) => tf.cast(tf.greater(tf.reshape(outputs.value as tf.Tensor, [-1]), 0), 'float32') as tf.Tensor1D,
    };
    for (const task of [stepped, floored]) {
      const trainer = await mixedTrainer({ tasks: [kind, task], inputs });
      const built = tf.memory().numTensors;
      await trainer
        .fit(makeTable(8, 1), { epochs: 1 })
        .catch((error: Error) => expect(error.message).toContain('gradient'));
      expect(tf.memory().numTensors).toBe(built);
      trainer.dispose();
    }
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('one thing at a time', () => {
  it('refuses a second fit, restore and dispose while one goes on', async () => {
    const trainer = await mixedTrainer({ inputs });
    const train = makeTable(12, 1);
    const checkpoint = await trainer.checkpoint();
    const first = trainer.fit(train, { epochs: 1, batchSize: 4 });
    await expect(trainer.fit(train, { epochs: 1 })).rejects.toMatchObject({ code: 'POLYTASK_BUSY' });
    await expect(trainer.restore(checkpoint)).rejects.toMatchObject({ code: 'POLYTASK_BUSY' });
    expect(() => trainer.dispose()).toThrow('`dispose` was called while');
    expect((await first).steps).toBe(3);
    expect((await trainer.fit(train, { epochs: 2, batchSize: 4 })).steps).toBe(6);
    trainer.dispose();
  });

  it('does nothing more after dispose', async () => {
    const trainer = await mixedTrainer({ inputs });
    const checkpoint = await trainer.checkpoint();
    trainer.dispose();
    trainer.dispose();
    const gone = { code: 'POLYTASK_DISPOSED' };
    await expect(trainer.fit(makeTable(8, 1), { epochs: 1 })).rejects.toMatchObject(gone);
    await expect(trainer.restore(checkpoint)).rejects.toMatchObject(gone);
    await expect(trainer.checkpoint()).rejects.toMatchObject(gone);
    await expect(trainer.evaluate(makeTable(8, 1))).rejects.toMatchObject(gone);
  });
});

describe('numbers that are not finite', () => {
  const train = makeTable(12, 1);
  const options = { epochs: 1, batchSize: 4 };

  it('reach no checkpoint where a loss tells of them', async () => {
    const [kind, level] = mixedTasks();
    const broken: AnyTask = {
      ...level,
      loss: (outputs) => tf.mul(tf.reshape(outputs.value as tf.Tensor, [-1]), Number.NaN),
    };
    const trainer = await mixedTrainer({ tasks: [kind, broken], inputs });
    const before = await trainer.checkpoint();
    await expect(trainer.fit(train, options)).rejects.toMatchObject({ code: 'POLYTASK_NON_FINITE' });
    await expect(trainer.checkpoint()).rejects.toMatchObject({ code: 'POLYTASK_BROKEN_RUN' });
    await expect(trainer.fit(train, options)).rejects.toMatchObject({ code: 'POLYTASK_BROKEN_RUN' });
    await trainer.restore(before);
    expect((await trainer.checkpoint()).tensors).toEqual(before.tensors);
    trainer.dispose();
  });

  it('reach no checkpoint where only the gradient has them', async () => {
    const [kind, level] = mixedTasks();
    // √0 is 0, and its derivative infinite.
    const steep: AnyTask = {
      ...level,
      loss: (outputs) => tf.sqrt(tf.mul(tf.reshape(outputs.value as tf.Tensor, [-1]), 0)) as tf.Tensor1D,
    };
    const trainer = await mixedTrainer({ tasks: [kind, steep], inputs });
    const checkpoints: Promise<unknown>[] = [];
    const stepEnd = () => void checkpoints.push(trainer.checkpoint().catch((error: unknown) => error));
    await trainer.fit(train, { ...options, callbacks: [{ stepEnd }] }).catch(() => {});
    expect(await checkpoints[0]).toMatchObject({
      code: 'POLYTASK_NON_FINITE',
      message: expect.stringMatching(/^The parameter `.*` is NaN at step 1;/),
    });
    trainer.dispose();
  });
});
