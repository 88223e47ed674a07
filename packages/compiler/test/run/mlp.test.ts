import { eager, type MultiTaskDataset, type RawBatch } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { compiled } from '../../src/index.js';
import { twoTaskTable, twoTaskTrainer } from './training.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

test('a trainer learns the same compiled as eagerly', async () => {
  const train = twoTaskTable(80, [10]);
  const fallbacks: string[] = [];
  const before = tf.memory().numTensors;
  const values: Float32Array[] = [];
  for (const executor of [
    eager(),
    compiled({ threads: 1, verify: true, onFallback: (message) => fallbacks.push(message) }),
  ]) {
    const trainer = await twoTaskTrainer(executor);
    await trainer.fit(train, { epochs: 4, batchSize: 32 });
    const paths = trainer.parameters?.layout.segments.map(({ path }) => path) ?? [];
    for (const path of paths) values.push((await trainer.parameters?.read(path))?.data as Float32Array);
    trainer.dispose();
  }
  expect(fallbacks).toEqual([]);
  expect(tf.memory().numTensors).toBe(before);
  const half = values.length / 2;
  for (let i = 0; i < half; i++) {
    const [a, b] = [values[i] as Float32Array, values[i + half] as Float32Array];
    a.forEach((x, j) => {
      expect(Math.abs(x - (b[j] as number))).toBeLessThan(1e-5);
    });
  }
});

test.each([
  [
    'in place',
    (batch: RawBatch) => {
      for (const { data } of Object.values(batch.inputs)) data.fill(0);
      return batch;
    },
  ],
  [
    'as copies',
    (batch: RawBatch) => ({
      ...batch,
      inputs: Object.fromEntries(
        Object.entries(batch.inputs).map(([name, x]) => [name, { ...x, data: new Float32Array(x.data.length) }]),
      ),
    }),
  ],
])('a data set that changes batches of a table %s changes what is learned from', async (_, change) => {
  const table = twoTaskTable(64, [20]);
  const changed: MultiTaskDataset = {
    ...table,
    open(options) {
      const cursor = table.open(options);
      return {
        ...cursor,
        next() {
          const batch = cursor.next() as RawBatch | null;
          return batch && change(batch);
        },
      };
    },
  };
  const losses: number[] = [];
  for (const [executor, dataset] of [
    [eager(), changed],
    [compiled({ threads: 1 }), changed],
    [compiled({ threads: 1 }), table],
  ] as const) {
    const trainer = await twoTaskTrainer(executor);
    const history = await trainer.fit(dataset, { epochs: 2, batchSize: 32 });
    losses.push(history.tasks.left.trainLoss.at(-1) as number);
    trainer.dispose();
  }
  expect(losses[1]).toBeCloseTo(losses[0] as number, 5);
  expect(losses[2]).not.toBeCloseTo(losses[0] as number, 3);
});
