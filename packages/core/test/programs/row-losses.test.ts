import { createTrainer, defineAuxiliary, mlp, regression, sgd, tableDataset } from '@polytask/core';
import { plainSharing } from '@polytask/core/testing';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';

beforeAll(() => tf.setBackend('cpu'));

const rows = { x: { data: Float32Array.of(1, -2, 0.5, 3), shape: [4, 1] } };
const columns = { y: Float32Array.of(1, Number.NaN, 2, -1) };

test('an auxiliary term gets the losses of rows, of other outputs than those of the model, and by other targets', async () => {
  const term = defineAuxiliary({
    name: 'rows',
    bind: () => ({
      logged: ['own', 'other', 'taught'],
      loss({ state, batch, predict, rowLosses }) {
        const sum = (losses: tf.Tensor) => tf.sum(tf.mul(losses, batch.weights.y as tf.Tensor));
        const outputs = { y: { value: tf.zerosLike(state.outputs.y?.value as tf.Tensor) } };
        const other = sum(rowLosses('y', { ...state, outputs }));
        const taught = sum(rowLosses('y', undefined, tf.add(predict('y'), 2)));
        return { loss: tf.mul(other, 0), logged: { own: sum(rowLosses('y')), other, taught } };
      },
    }),
  });
  const tasks = [regression('y', { standardize: false })];
  const optimizer = sgd({ learningRate: 1e-30 });
  const trainer = await createTrainer({
    tasks,
    sharing: plainSharing(mlp([3])),
    auxiliary: [term],
    optimizer,
    seed: 1,
  });
  const history = await trainer.fit(tableDataset({ inputs: rows, columns }), { epochs: 1, batchSize: 4 });
  trainer.dispose();
  // By its own prediction and 2, in each of three rows.
  expect(history.logged['rows/taught']?.[0]).toBeCloseTo(3 * 4, 5);
  // Squared errors of zeros, of the three rows that have a label; the model's own mean over them, times three.
  expect(history.logged['rows/other']?.[0]).toBeCloseTo(1 + 4 + 1, 5);
  expect(history.logged['rows/own']?.[0]).toBeCloseTo(3 * (history.tasks.y?.trainLoss[0] as number), 4);
});
