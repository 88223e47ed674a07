import {
  type AnyTask,
  accuracy,
  adam,
  classification,
  confusionCounts,
  createTrainer,
  mlp,
  NonFiniteError,
  perTaskDatasets,
  regression,
  sgd,
  tableDataset,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { tinySharing } from '../helpers/tiny-sharing.js';
import { linearTask, readBits, rowsDataset, vectorSharing } from '../helpers/vectors.js';
import { leavingNoTensor, makeTable, mixedTasks, mixedTrainer, restlessSharing } from '../training/fixtures.js';

const keep = leavingNoTensor();

const train = makeTable(22, 'train');
const validation = makeTable(15, 'validation');

describe('evaluate', () => {
  it('measures what predictions say, over labelled rows only', async () => {
    const trainer = keep(await mixedTrainer());
    await trainer.fit(train, { epochs: 2, batchSize: 8 });
    const { tasks } = await trainer.evaluate(validation);
    const rows = Array.from({ length: 15 }, (_, row) => row);
    const { inputs, columns } = validation.gather(rows);
    const predicted = await trainer.predict(inputs);
    const [kinds, levels] = [columns.kind?.data as Int32Array, columns.level?.data as Float32Array];
    const known = rows.filter((row) => (kinds[row] as number) >= 0);
    const kindsFound = predicted.kind as readonly { index: number }[];
    const right = known.filter((row) => kindsFound[row]?.index === kinds[row]);
    expect(tasks.kind).toMatchObject({ rows: known.length, accuracy: right.length / known.length });
    const measured = rows.filter((row) => !Number.isNaN(levels[row]));
    const squares = measured.map((row) => ((predicted.level?.[row] as number) - (levels[row] as number)) ** 2);
    const rmse = Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / measured.length);
    expect(tasks.level?.rows).toBe(measured.length);
    expect((tasks.level as unknown as { rmse: number }).rmse).toBeCloseTo(rmse, 4);
    // The loss is taken in the units that the task learns in.
    const deviation = (await trainer.checkpoint()).state.constants as unknown as {
      level: { standardDeviation: number };
    };
    expect(tasks.level?.loss).toBeCloseTo((rmse / deviation.level.standardDeviation) ** 2, 5);
    expect(tasks.kind?.loss).toBeCloseTo((tasks.kind as unknown as { logLoss: number }).logLoss, 5);
  });

  it('gives the same in batches of any size', async () => {
    const trainer = keep(await mixedTrainer({ sharing: restlessSharing() }));
    await trainer.fit(train, { epochs: 1, batchSize: 8 });
    const whole = (await trainer.evaluate(validation)).tasks as unknown as Record<string, Record<string, number>>;
    for (const batchSize of [1, 4, 15]) {
      const parts = (await trainer.evaluate(validation, { batchSize })).tasks as unknown as typeof whole;
      for (const [task, scores] of Object.entries(whole)) {
        for (const [name, value] of Object.entries(scores))
          expect(parts[task]?.[name], `${task} ${name}`).toBeCloseTo(value, 4);
      }
    }
  });

  it('and predict leave the run as it is', async () => {
    const trainer = keep(await mixedTrainer({ sharing: restlessSharing() }));
    await trainer.fit(train, { epochs: 1, batchSize: 8 });
    const bits = await readBits(trainer);
    const held = tf.memory().numTensors;
    const first = await trainer.evaluate(validation);
    await trainer.predict(validation.gather([0, 1]).inputs);
    expect(await trainer.evaluate(validation)).toEqual(first);
    expect(await readBits(trainer)).toEqual(bits);
    expect(tf.memory().numTensors).toBe(held);
  });

  it('counts sample weights, but not class weights', async () => {
    const tasks: readonly AnyTask[] = [classification('kind', { classes: 2, classWeights: [1, 5] })];
    const trainer = keep(await mixedTrainer({ tasks }));
    const x = { data: Float32Array.from([0, 0, 0, 1, 1, 1, 0.2, 0.1, 0.9]), shape: [3, 3] };
    const rows = (sampleWeights: number[]) =>
      tableDataset({ inputs: { x }, columns: { kind: Int32Array.of(0, 1, 1) }, sampleWeights });
    await trainer.fit(rows([1, 1, 1]), { epochs: 1 });
    const each: number[] = [];
    for (const weights of [
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ]) {
      const { loss, rows: counted } = (await trainer.evaluate(rows(weights))).tasks.kind as {
        loss: number;
        rows: number;
      };
      each.push(loss);
      expect(counted).toBe(1);
    }
    const all = (await trainer.evaluate(rows([2, 1, 3]))).tasks.kind;
    expect(all?.loss).toBeCloseTo((2 * (each[0] as number) + (each[1] as number) + 3 * (each[2] as number)) / 6, 6);
  });

  it('has NaN for a task without a label, and metrics that are no numbers', async () => {
    const tasks: readonly AnyTask[] = [
      classification('kind', { classes: 3, metrics: [accuracy(), confusionCounts()] }),
      regression('level'),
    ];
    const trainer = keep(await mixedTrainer({ tasks }));
    const history = await trainer.fit(train, { epochs: 1, validation });
    const scores = (await trainer.evaluate(validation)).tasks as unknown as Record<string, Record<string, unknown>>;
    const counts = scores.kind?.confusion as number[][];
    expect(counts.flat().reduce((sum, count) => sum + count, 0)).toBe(9);
    expect(history.tasks.kind).not.toHaveProperty('confusion');
    const { inputs } = validation.gather([0, 1, 2]);
    const bare = (
      await trainer.evaluate(tableDataset({ inputs: { x: inputs.x as never }, columns: { level: [1, 2, 3] } }))
    ).tasks;
    expect(bare.kind).toMatchObject({ loss: Number.NaN, rows: 0, accuracy: Number.NaN });
    expect(bare.level?.rows).toBe(3);
  });

  it('takes data sets of single tasks', async () => {
    const tasks: readonly AnyTask[] = [linearTask('a', 2), linearTask('b', 2)];
    const trainer = keep(await mixedTrainer({ tasks, sharing: vectorSharing({ v: { size: 2, usedBy: ['a', 'b'] } }) }));
    const perTask = perTaskDatasets({
      a: rowsDataset({
        a: [
          [1, 2],
          [3, 4],
        ],
      }),
      b: rowsDataset({
        b: [
          [1, 0],
          [2, 0],
          [3, 0],
        ],
      }),
    });
    await trainer.fit(perTask, { epochs: 1 });
    expect((await trainer.evaluate(perTask)).tasks).toMatchObject({
      a: { rows: 2, rowCount: 2 },
      b: { rows: 3, rowCount: 3 },
    });
  });

  it('names the task whose loss is not finite', async () => {
    const tasks: readonly AnyTask[] = [linearTask('a', 1), linearTask('b', 1)];
    const sharing = vectorSharing({ a: { size: 1, usedBy: ['a'] }, b: { size: 1, usedBy: ['b'] } });
    const trainer = keep(await mixedTrainer({ tasks, sharing, optimizer: sgd({ learningRate: 1e20 }) }));
    await trainer.fit(rowsDataset({ a: [[1]], b: [[1e10]] }), { epochs: 1 });
    const evaluate = trainer.evaluate(rowsDataset({ a: [[1]], b: [[1e15]] }));
    await expect(evaluate).rejects.toThrow(NonFiniteError);
    await expect(evaluate).rejects.toThrow(/The evaluation loss of task `b` is -?Infinity at step 1/);
  });
});

describe('predict', () => {
  const inputs = { x: { data: Float32Array.of(0.9, 0.1, 0, 0.1, 0.2, 0.9), shape: [2, 3] } };

  it('speaks in terms of the user: names of classes, numbers in the units of the data', async () => {
    const tasks: readonly AnyTask[] = [
      classification('kind', { classes: ['left', 'middle', 'right'] }),
      regression('level'),
    ];
    const trainer = keep(await mixedTrainer({ tasks, optimizer: adam({ learningRate: 0.05 }) }));
    await trainer.fit(makeTable(60, 1, false), { epochs: 30, batchSize: 10 });
    const { kind, level } = await trainer.predict(inputs);
    expect(kind?.map((one) => (one as { label: string }).label)).toEqual(['left', 'right']);
    for (const one of kind as { probability: number; probabilities: number[] }[]) {
      expect(one.probabilities.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 6);
      expect(one.probability).toBe(Math.max(...one.probabilities));
    }
    expect(Math.abs((level?.[0] as number) - 116)).toBeLessThan(5);
    expect(Math.abs((level?.[1] as number) - 98)).toBeLessThan(5);
  });

  it('gives the same for rows alone and together', async () => {
    const trainer = keep(await mixedTrainer({ sharing: restlessSharing() }));
    await trainer.fit(train, { epochs: 1, batchSize: 8 });
    const together = await trainer.predict(inputs);
    const alone = await trainer.predict({ x: { data: inputs.x.data.slice(3), shape: [1, 3] } });
    expect(alone.level?.[0]).toBeCloseTo(together.level?.[1] as number, 4);
  });

  it.each([
    ['a missing input', {}, 'POLYTASK_MISSING_INPUT', /needs input `x` of shape \[rows, 3\] of float32/],
    [
      'another width',
      { x: { data: new Float32Array(4), shape: [2, 2] } },
      'POLYTASK_SHAPE_MISMATCH',
      /has shape \[2, 2\] of float32/,
    ],
    ['another rank', { x: { data: new Float32Array(3), shape: [3] } }, 'POLYTASK_SHAPE_MISMATCH', /has shape \[3\]/],
    ['another dtype', { x: { data: new Int32Array(3), shape: [1, 3] } }, 'POLYTASK_SHAPE_MISMATCH', /of int32/],
  ])('refuses %s', async (_, given, code, message) => {
    const trainer = keep(await mixedTrainer());
    await trainer.fit(train, { epochs: 1 });
    await expect(trainer.predict(given as never)).rejects.toMatchObject({ code });
    await expect(trainer.predict(given as never)).rejects.toThrow(message);
  });
});

describe('before there is anything to measure', () => {
  const refusal = { code: 'POLYTASK_NO_MODEL' };

  it('evaluate and predict are refused', async () => {
    const trainer = keep(await createTrainer({ tasks: mixedTasks(), sharing: tinySharing(mlp([4])) }));
    await expect(trainer.evaluate(validation)).rejects.toMatchObject(refusal);
    await expect(trainer.predict({})).rejects.toThrow(/`predict` needs a model, which is built by the first `fit`/);
  });

  it('and so they are where a model is built, but tasks have learned nothing of the labels yet', async () => {
    const trainer = keep(await mixedTrainer({ inputs: { x: { shape: [3], dtype: 'float32' } } }));
    expect(trainer.parameters?.layout.size).toBeGreaterThan(0);
    await expect(trainer.evaluate(validation)).rejects.toMatchObject(refusal);
    await expect(trainer.predict({})).rejects.toThrow(
      /`predict` needs what task `kind` learns from the training labels/,
    );
  });

  it('but not where tasks need to learn nothing', async () => {
    const tasks: readonly AnyTask[] = [linearTask('a', 2), linearTask('b', 2)];
    const sharing = vectorSharing({ v: { size: 2, usedBy: ['a', 'b'] } });
    const trainer = keep(await mixedTrainer({ tasks, sharing, inputs: { x: { shape: [1], dtype: 'float32' } } }));
    expect((await trainer.evaluate(rowsDataset({ a: [[1, 1]], b: [[1, 1]] }))).tasks.a?.rows).toBe(1);
  });
});
