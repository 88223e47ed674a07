import { createTrainer, mlp, regression, sgd, tableDataset } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { conflictScores } from '../src/conflict-scores.js';
import { hardSharing } from '../src/hard-sharing.js';

beforeAll(() => tf.setBackend('cpu'));

type Scores = Record<string, { conflicts: number; pairs: number }>;
const x = Float32Array.from([1, 0.5, -1, 2]);
/** Task b wants the opposite of task a; task c has labels in the first half of the rows alone. */
const data = tableDataset({
  inputs: { x: { data: x, shape: [4, 1] } },
  columns: { a: x, b: x.map((value) => -value), c: x.map((value, i) => (i < 2 ? value : Number.NaN)) },
});

async function scoresAfter(options: Parameters<typeof conflictScores>[0], epochs: number, epochsBefore = 0) {
  const make = () =>
    createTrainer({
      tasks: ['a', 'b', 'c'].map((name) => regression(name, { standardize: false })),
      sharing: hardSharing({ encoder: mlp([2, 2], { activation: 'linear' }) }),
      optimizer: sgd({ learningRate: 1e-30 }),
      observers: [conflictScores(options)],
      inputs: data.inputs,
      seed: 3,
    });
  const fit = { batchSize: 2, shuffle: false };
  let trainer = await make();
  if (epochsBefore > 0) {
    await trainer.fit(data, { ...fit, epochs: epochsBefore });
    const checkpoint = await trainer.checkpoint();
    trainer.dispose();
    trainer = await make();
    await trainer.restore(checkpoint);
  }
  await trainer.fit(data, { ...fit, epochs });
  const seen = trainer.observations()['conflict-scores'] as unknown as Scores;
  trainer.dispose();
  return seen;
}

test('counts pairs of tasks present by layer, worst first', async () => {
  const scores = await scoresAfter({}, 1);
  // Two steps: all three pairs, then a with b alone.
  expect(Object.keys(scores).sort()).toEqual(['trunk/dense0', 'trunk/dense1']);
  for (const { pairs, conflicts } of Object.values(scores)) {
    expect(pairs).toBe(4);
    expect(conflicts).toBeLessThanOrEqual(4);
  }
  const shares = Object.values(scores).map(({ conflicts, pairs }) => conflicts / pairs);
  expect(shares).toEqual([...shares].sort((p, q) => q - p));
  // No cosine is below −1, and all but equal gradients are below 1.
  for (const { conflicts } of Object.values(await scoresAfter({ below: -1 }, 1))) expect(conflicts).toBe(0);
  for (const { conflicts } of Object.values(await scoresAfter({ below: 1 }, 1))) expect(conflicts).toBe(4);
});

test('looks every so many steps, and goes on counting after a checkpoint', async () => {
  expect((await scoresAfter({ interval: 2 }, 2))['trunk/dense0']?.pairs).toBe(6);
  expect(await scoresAfter({}, 2, 1)).toEqual(await scoresAfter({}, 2));
});
