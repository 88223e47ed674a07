import {
  type AnyTask,
  createTrainer,
  mlp,
  regression,
  sgd,
  type Trainer,
  tableDataset,
  uniformStream,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { Matrix } from 'ml-matrix';
import { beforeAll, expect, test } from 'vitest';
import { taskCovariance } from '../../src/joint/task-covariance.js';
import { randomRows } from '../golden.js';
import { oneTrunk } from '../one-trunk.js';

beforeAll(() => tf.setBackend('cpu'));

test('Ω has trace 1, and its square is the Gramian but for a factor', () => {
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 7 }), (seed, k, width) => {
      const weights = randomRows(k, width, uniformStream(seed, 'weights'));
      const { covariance } = taskCovariance(weights);
      const [omega, rows] = [new Matrix(covariance as number[][]), new Matrix(weights)];
      expect(omega.trace()).toBeCloseTo(1, 8);
      const [square, gramian] = [omega.mmul(omega), rows.mmul(rows.transpose())];
      const difference = Matrix.sub(square.div(square.trace()), gramian.div(gramian.trace()));
      expect(difference.norm('frobenius')).toBeLessThan(1e-6);
    }),
    { numRuns: 30 },
  );
});

test('of heads that were trained: the same task, its opposite, and another', async () => {
  const uniform = uniformStream(3, 'columns');
  const x = Float32Array.from({ length: 200 * 4 }, () => 2 * uniform() - 1);
  const along = (of: (u: number, v: number) => number) =>
    Float32Array.from({ length: 200 }, (_, row) => of(x[4 * row] as number, x[4 * row + 1] as number));
  const columns = { a: along((u) => u), b: along((u) => 2 * u), c: along((u) => -u), d: along((_, v) => v) };
  const names = Object.keys(columns);
  const trainer = (await createTrainer({
    tasks: names.map((name) => regression(name, { standardize: false })),
    sharing: oneTrunk(mlp([6], { activation: 'linear' })),
    optimizer: sgd({ learningRate: 0.1 }),
    seed: 1,
  })) as unknown as Trainer<readonly AnyTask[]>;
  await trainer.fit(tableDataset({ inputs: { x: { data: x, shape: [200, 4] } }, columns }), {
    epochs: 40,
    batchSize: 20,
  });
  const paths = names.map(
    (name) =>
      trainer.parameters?.layout.segments.find(
        ({ path, shape }) => path.startsWith(`heads/${name}/`) && shape.length === 2,
      )?.path as string,
  );
  const weights: ArrayLike<number>[] = [];
  for (const path of paths) weights.push((await trainer.parameters?.read(path))?.data as Float32Array);
  trainer.dispose();
  const { correlation } = taskCovariance(weights);
  const of = (i: number, j: number) => correlation[i]?.[j] as number;
  expect(of(0, 1)).toBeGreaterThan(0.7);
  expect(of(0, 2)).toBeLessThan(-0.7);
  expect(Math.abs(of(0, 3))).toBeLessThan(0.3);
});
