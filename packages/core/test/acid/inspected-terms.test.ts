import { defineAuxiliary, defineObserver, hostTensor, regression, type StateValue } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { expect, test } from 'vitest';
import { tinySharing } from '../helpers/tiny-sharing.js';
import { expectClose, trained } from './support/runs.js';
import { toyTable } from './support/toy-data.js';

const names = ['a', 'b'];
// Standardised: predictions need what the tasks learned from their labels.
const tasks = names.map((name) => regression(name));
const train = toyTable(names, 12);

/** How far apart the predictions of two tasks are, of every row. */
const apart = (inspected = ['distance']) =>
  defineAuxiliary({
    name: 'apart',
    inspected,
    bind: () => {
      const distance = (predict: (task: string) => tf.Tensor) => tf.abs(tf.sub(predict('a'), predict('b')));
      return {
        inspect: ({ predict }) => ({ distance: distance(predict) }),
        loss: ({ predict }) => tf.mean(distance(predict)),
      };
    },
  });

const x = Float32Array.from({ length: 20 }, (_, i) => Math.sin(i));
const inputs = { x: { data: x, shape: [5, 4] } };

test('an auxiliary term says of every row what it finds, trained rows or not', async () => {
  await trained({ tasks, sharing: tinySharing(), auxiliary: [apart(), apart()] }, train, fit, async ({ trainer }) => {
    const { intermediates } = await trainer.inspect(inputs);
    const predicted = (await trainer.predict(inputs)) as Record<string, number[]>;
    const wanted = predicted.a?.map((value, row) => Math.abs(value - (predicted.b?.[row] ?? Number.NaN))) ?? [];
    expect(Object.keys(intermediates)).toEqual(expect.arrayContaining(['apart/distance', 'apart-2/distance']));
    for (const part of ['apart', 'apart-2']) expectClose(intermediates[`${part}/distance`]?.data, wanted);
  });
});

const fit = { epochs: 1, batchSize: 6 };

test('observers find it among what a forward pass gives', async () => {
  const watcher = defineObserver({
    name: 'watcher',
    bind: () => {
      const seen: number[] = [];
      return {
        async probe({ forward, read }) {
          const { 'intermediate/apart/distance': found } = await forward(['intermediate/apart/distance']);
          seen.push((await read(found)).data.length);
        },
        result: (): StateValue => seen,
      };
    },
  });
  const options = { tasks, sharing: tinySharing(), auxiliary: [apart()], observers: [watcher] };
  await trained(options, train, fit, ({ trainer }) => {
    expect(trainer.observations().watcher).toEqual([6, 6]);
  });
});

test('what a term names but does not give is refused with its name', async () => {
  await trained({ tasks, sharing: tinySharing(), auxiliary: [apart(['gap'])] }, train, fit, async ({ trainer }) => {
    await expect(trainer.inspect(inputs)).rejects.toThrow('`gap`');
  });
});

test('numbers that are NaN in some steps are means over the others', async () => {
  const odd = defineAuxiliary({
    name: 'odd',
    bind: () => ({
      logged: ['here', 'never'],
      feeds: ({ step }) => ({ n: hostTensor(step % 2 === 0 ? step : Number.NaN) }),
      loss: ({ feeds: { n } }) => ({
        loss: tf.scalar(0),
        logged: { here: n as tf.Tensor, never: tf.scalar(Number.NaN) },
      }),
    }),
  });
  const options = { tasks, sharing: tinySharing(), auxiliary: [odd] };
  await trained(options, train, { epochs: 1, batchSize: 3 }, ({ trainer }) => {
    // Steps 0 and 2.
    expect(trainer.history?.logged).toEqual({ 'odd/here': [1] });
  });
});
