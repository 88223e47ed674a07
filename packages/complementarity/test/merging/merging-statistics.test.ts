import {
  type CursorOptions,
  convNet,
  createTrainer,
  type FrozenModel,
  type HostTensor,
  mlp,
  regression,
  tableDataset,
  uniformFloats,
} from '@polytask/core';
import { plainSharing } from '@polytask/core/testing';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { fisherInformation, inputGramians, reestimateStatistics } from '../../src/index.js';

beforeAll(() => tf.setBackend('cpu'));

const rows = 12;
const x = uniformFloats(rows * 3, 'statistics').map((value) => 2 * value - 1);
const y = x.filter((_, i) => i % 3 === 0);
const data = tableDataset({ inputs: { x: { data: x, shape: [rows, 3] } }, columns: { y } });
const tasks = [regression('y', { standardize: false })];

/** A trained model. */
async function frozenWith(batchNorm: boolean): Promise<FrozenModel> {
  const sharing = plainSharing(mlp([2], { activation: 'tanh', batchNorm }));
  const trainer = await createTrainer({ tasks, sharing, seed: 1 });
  await trainer.fit(data, { epochs: 3, batchSize: 4 });
  const model = await trainer.model();
  trainer.dispose();
  return { tasks, sharing, model };
}

it('Fisher information is the mean of squared slopes of single rows', async () => {
  const frozen = await frozenWith(false);
  const before = tf.memory().numTensors;
  const found = await fisherInformation(frozen, data, { rows });
  expect(tf.memory().numTensors).toBe(before);
  const at = (path: string) => frozen.model.variables[path] as HostTensor;
  const [kernel, bias, head, offset] = [
    'trunk/dense0/kernel',
    'trunk/dense0/bias',
    'heads/y/outputs/value/kernel',
    'heads/y/outputs/value/bias',
  ].map((path) => {
    const { data: numbers, shape } = at(path);
    return tf.tensor(numbers, shape as [number, number]);
  }) as [tf.Tensor2D, tf.Tensor1D, tf.Tensor2D, tf.Tensor1D];
  const sums = [0, 0];
  for (let row = 0; row < rows; row++) {
    const slopes = tf.grads((w: tf.Tensor, v: tf.Tensor) => {
      const h = tf.tanh(tf.add(tf.matMul(tf.tensor2d(x.slice(3 * row, 3 * row + 3), [1, 3]), w as tf.Tensor2D), bias));
      return tf.sum(tf.square(tf.sub(tf.add(tf.matMul(h as tf.Tensor2D, v as tf.Tensor2D), offset), y[row] as number)));
    })([kernel, head]);
    slopes.forEach((slope, i) => {
      sums[i] = (sums[i] as number) + (slope.dataSync()[1] as number) ** 2 / rows;
    });
    tf.dispose(slopes);
  }
  tf.dispose([kernel, bias, head, offset]);
  expect(found['trunk/dense0/kernel']?.data[1]).toBeCloseTo(sums[0] as number, 5);
  expect(found['heads/y/outputs/value/kernel']?.data[1]).toBeCloseTo(sums[1] as number, 5);
  expect(found['trunk/dense0/kernel']?.shape).toEqual([3, 2]);
  // Few rows are enough; under BatchNorm several at once.
  expect(
    (await fisherInformation(await frozenWith(true), data, { rows: 5 }))['trunk/dense0/kernel']?.data.some(
      (value) => value > 0,
    ),
  ).toBe(true);
});

it('Fisher information is of sixteen rows at once under BatchNorm, of images too, and else of single ones', async () => {
  const images = tableDataset({
    inputs: { x: { data: uniformFloats(rows * 36, 'images'), shape: [rows, 6, 6, 1] } },
    columns: { y },
  });
  for (const [sharing, wanted] of [
    [plainSharing(convNet({ filters: [2], dense: [], batchNorm: true })), 16],
    [plainSharing(convNet({ filters: [2], dense: [] }), undefined, true), 1],
  ] as const) {
    const trainer = await createTrainer({ tasks, sharing, seed: 1 });
    await trainer.fit(images, { epochs: 1 });
    const model = await trainer.model();
    trainer.dispose();
    const sizes: unknown[] = [];
    const watched = {
      ...images,
      open(options: CursorOptions) {
        sizes.push(options.batchSize);
        return images.open(options);
      },
    };
    await fisherInformation({ tasks, sharing, model }, watched, { rows });
    expect(new Set(sizes)).toEqual(new Set([wanted]));
  }
});

it('Gramians of inputs are those of the rows, and of what layers make of them', async () => {
  const frozen = await frozenWith(false);
  const before = tf.memory().numTensors;
  const found = await inputGramians(frozen, data);
  expect(tf.memory().numTensors).toBe(before);
  expect(Object.keys(found).sort()).toEqual(['heads/y/outputs/value/kernel', 'trunk/dense0/kernel']);
  const expected = tf.tidy(() => {
    const all = tf.tensor2d(x, [rows, 3]);
    return Array.from(tf.matMul(all, all, true).dataSync());
  });
  for (const [i, value] of expected.entries()) expect(found['trunk/dense0/kernel']?.[i]).toBeCloseTo(value, 5);
  expect(found['heads/y/outputs/value/kernel']?.length).toBe(4);
  // Nothing of the engine stays changed.
  expect(Object.hasOwn(tf.engine(), 'runKernel')).toBe(false);
});

it('statistics are taken anew from rows, and nothing else moves', async () => {
  const frozen = await frozenWith(true);
  const path = 'trunk/dense0/batchNorm/movingMean';
  const wrong = { ...(frozen.model.variables[path] as HostTensor), data: Float32Array.of(9, -9) };
  const astray = { ...frozen, model: { ...frozen.model, variables: { ...frozen.model.variables, [path]: wrong } } };
  const before = tf.memory().numTensors;
  const { variables } = await reestimateStatistics(astray, data, { batchSize: rows, steps: 120 });
  expect(tf.memory().numTensors).toBe(before);
  // The mean over all rows of what comes into the layer.
  const kernel = frozen.model.variables['trunk/dense0/kernel'] as HostTensor;
  const mean = (unit: number) =>
    Array.from({ length: rows }, (_, row) =>
      [0, 1, 2].reduce((sum, i) => sum + (x[3 * row + i] as number) * (kernel.data[2 * i + unit] as number), 0),
    ).reduce((sum, value) => sum + value, 0) / rows;
  expect(variables[path]?.data[0]).toBeCloseTo(mean(0), 3);
  for (const [name, { data: numbers }] of Object.entries(frozen.model.variables)) {
    if (!name.includes('moving')) expect(variables[name]?.data).toEqual(numbers);
  }
  const plain = await frozenWith(false);
  expect(await reestimateStatistics(plain, data)).toBe(plain.model);
});
