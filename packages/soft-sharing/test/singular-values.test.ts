import { createTrainer, mlp } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { Matrix, SingularValueDecomposition } from 'ml-matrix';
import { beforeAll, expect, test } from 'vitest';
import { singularValues } from '../src/singular-values.js';
import { softSharing } from '../src/soft-sharing.js';
import { tableOf, tasksOf, trained } from './runs.js';

beforeAll(() => tf.setBackend('cpu'));

const names = ['a', 'b', 'c'];
const options = { tasks: tasksOf(...names), sharing: softSharing({ encoder: mlp([4]) }) };
const withObserver = { ...options, observers: [singularValues({ layers: ['columns'] })] };
const data = tableOf(names);
const place = 'columns/<task>/dense0/kernel';
type Observed = Record<string, { before: number[]; after: number[] }>;

test('gives the singular values of the stacked weights before and after', async () => {
  const fit = { epochs: 2, batchSize: 6, shuffle: false };
  const start = await createTrainer({ ...options, inputs: data.inputs });
  const initial = await Promise.all(
    names.map(async (name) => Array.from((await start.parameters?.read(`columns/${name}/dense0/kernel`))?.data ?? [])),
  );
  start.dispose();
  const { values, seen } = await trained(
    withObserver,
    data,
    fit,
    (trainer) => trainer.observations()['singular-values'] as Observed,
  );
  const final = names.map((name) => values[`columns/${name}/dense0/kernel`] as number[]);
  for (const [rows, found] of [
    [initial, seen?.[place]?.before],
    [final, seen?.[place]?.after],
  ] as const) {
    const { diagonal } = new SingularValueDecomposition(new Matrix(rows), { autoTranspose: true });
    diagonal.forEach((value, i) => {
      expect(found?.[i]).toBeCloseTo(value, 6);
    });
  }
});

test('remembers the start across a checkpoint', async () => {
  const fit = { batchSize: 6, shuffle: false };
  const whole = await trained(withObserver, data, { ...fit, epochs: 2 }, (trainer) => trainer.observations());
  const half = await createTrainer({ ...withObserver, inputs: data.inputs });
  await half.fit(data, { ...fit, epochs: 1 });
  const checkpoint = await half.checkpoint();
  half.dispose();
  const resumed = await createTrainer({ ...withObserver, inputs: data.inputs });
  await resumed.restore(checkpoint);
  await resumed.fit(data, { ...fit, epochs: 2 });
  expect(resumed.observations()).toEqual(whole.seen);
  resumed.dispose();
});
