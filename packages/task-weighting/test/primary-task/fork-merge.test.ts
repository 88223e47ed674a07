import { createTrainer, mlp, regression, type TrainedModel, tableDataset, uniformFloats } from '@polytask/core';
import { plainSharing } from '@polytask/core/testing';
import * as tf from '@tensorflow/tfjs';
import { expect, test } from 'vitest';
import { equalWeighting } from '../../src/loss-weighting/equal-weighting.js';
import { type ForkMergeOptions, forkMerge } from '../../src/primary-task/fork-merge.js';
import { expectClose } from '../support.js';

const rows = 24;
const tasks = ['main', 'friend', 'stranger'].map((name) => regression(name));

/** `friend` is a function of what `main` is a function of; `stranger` is noise. */
function table(seed: string) {
  const x = uniformFloats(rows * 2, seed).map((value) => 2 * value - 1);
  const of = (make: (a: number, b: number, row: number) => number) =>
    Float32Array.from({ length: rows }, (_, row) => make(x[2 * row] as number, x[2 * row + 1] as number, row));
  const noise = uniformFloats(rows, seed, 'noise');
  return tableDataset({
    inputs: { x: { data: x, shape: [rows, 2] } },
    columns: {
      main: of((a, b) => a * b),
      friend: of((a, b) => a * b + 0.5 * a),
      stranger: of((_a, _b, row) => 5 * (noise[row] as number)),
    },
  });
}

const train = table('train');
const validation = table('validation');
const seeds: number[] = [];
const options: ForkMergeOptions<typeof tasks> = {
  open(balancing, seed) {
    seeds.push(seed);
    return createTrainer({ tasks, sharing: plainSharing(mlp([6], { batchNorm: true })), balancing, seed });
  },
  train,
  validation,
  primary: 'main',
  rounds: 2,
  epochs: 2,
  batchSize: 8,
};

async function scoreOf(model: TrainedModel): Promise<number> {
  const trainer = await options.open(equalWeighting(), 0);
  await trainer.loadModel(model);
  const { tasks: scores } = await trainer.evaluate(validation);
  trainer.dispose();
  return -((scores as { readonly [task: string]: { readonly rmse: number } })['main' as string]?.rmse as number);
}

test('merges branches into a model that is no worse on the validation data than the best of them', async () => {
  await tf.setBackend('cpu');
  const tensors = tf.memory().numTensors;
  const { model, rounds } = await forkMerge(options);
  expect(rounds).toHaveLength(2);
  for (const { branches, scores, shares, merged } of rounds) {
    expect([...branches].sort((a, b) => a.length - b.length).map(({ length }) => length)).toEqual([0, 1, 2]);
    expect([...scores].sort((a, b) => b - a)).toEqual(scores);
    expect(merged).toBeGreaterThanOrEqual(scores[0] as number);
    expectClose([shares.reduce((sum, share) => sum + share, 0)], [1]);
  }
  expectClose([await scoreOf(model)], [rounds[1]?.merged as number], 1e-5);
  expect(new Set(seeds)).toEqual(new Set([0, 1]));
  expect(tf.memory().numTensors).toBe(tensors);
  expect(await forkMerge(options)).toEqual({ model, rounds });
});

test('with no ratio but 0 it is the best branch, and with no helpers the primary task alone', async () => {
  const alone = await forkMerge({ ...options, rounds: 1, sizes: [0] });
  expect(alone.rounds[0]).toMatchObject({ branches: [[]], shares: [1] });
  const best = await forkMerge({ ...options, rounds: 1, sizes: [0, 1], ratios: [0] });
  expect(best.rounds[0]?.shares).toEqual([1, 0]);
  expect(best.rounds[0]?.scores).toContain(alone.rounds[0]?.merged);
});

test('refuses options that are none', async () => {
  await expect(forkMerge({ ...options, rounds: 0 })).rejects.toThrow('Option `rounds` must be a positive whole number');
  await expect(forkMerge({ ...options, sizes: [] })).rejects.toThrow('Option `sizes` must be whole numbers from 0');
  await expect(forkMerge({ ...options, ratios: [0, -1] })).rejects.toThrow('Option `ratios` must be numbers from 0');
  await expect(forkMerge({ ...options, primary: 'none' as never })).rejects.toThrow('There is no task named `none`');
});

test('refuses validation data that say nothing of the primary task', async () => {
  const inputs = { x: { data: new Float32Array(4), shape: [2, 2] } };
  const silent = tableDataset({ inputs, columns: { main: [NaN, NaN], friend: [1, 2], stranger: [1, 2] } });
  await expect(forkMerge({ ...options, rounds: 1, validation: silent })).rejects.toMatchObject({
    code: 'POLYTASK_NO_VALIDATION',
    message: expect.stringContaining('`rmse` of task `main`'),
  });
});
