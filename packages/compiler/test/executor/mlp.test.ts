import { eager } from '@polytask/core';
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
  const losses: unknown[] = [];
  for (const executor of [
    eager(),
    compiled({ threads: 1, verify: true, onFallback: (message) => fallbacks.push(message) }),
  ]) {
    const trainer = await twoTaskTrainer(executor);
    const history = await trainer.fit(train, { epochs: 4, batchSize: 32 });
    losses.push(history.tasks.left.loss);
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
