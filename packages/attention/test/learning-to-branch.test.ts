import { adam, createTrainer, firstStep, hostTensor, mlp, regression, tableDataset } from '@polytask/core';
import { conformance } from '@polytask/core/testing';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { learningToBranch } from '../src/learning-to-branch.js';
import { bind, listed, product } from './bound.js';
import { closeTo } from './close-to.js';

beforeAll(() => tf.setBackend('cpu'));

const make = () => learningToBranch({ encoder: mlp([4, 3], { activation: 'tanh' }), branches: 2 });
for (const { name, run } of conformance('sharing', make)) test(name, run);

const x = [
  [1, 2],
  [-3, 0.5],
];
const linear = mlp([3, 2], { activation: 'linear' });

test('without training each task goes up the tree of the largest choices', () => {
  const { forward, set, values, usedBy, dispose } = bind(learningToBranch({ encoder: linear }), ['a', 'b']);
  // The copies of the second stage have the parents 1 and 0; a ends at copy 1, b at copy 0.
  set('parents/dense0', [0, 2, 1, -1]);
  set('leaves/a', [0, 1]);
  set('leaves/b', [3, 1]);
  const { features, intermediates } = forward({ x: tf.tensor2d(x) });
  const kernel = (copy: number, stage: string) => values<number[][]>(`copies/branch${copy}/${stage}/kernel`);
  closeTo(listed(features.a), product(product(x, kernel(0, 'dense0')), kernel(1, 'dense1')));
  closeTo(listed(features.b), product(product(x, kernel(1, 'dense0')), kernel(0, 'dense1')));
  expect(listed(intermediates['paths/dense1'])).toEqual([
    [0, 1],
    [1, 0],
  ]);
  expect(listed(intermediates['paths/dense0'])).toEqual([
    [1, 0],
    [0, 1],
  ]);
  expect(usedBy('leaves/a')).toEqual(['a']);
  expect(usedBy('parents/dense0')).toEqual(['a', 'b']);
  dispose();
});

test('the temperature falls by the same factor, after a warm-up; an open end has neither', () => {
  const sharing = learningToBranch({ encoder: linear, hottest: 8, coldest: 0.5, warmUp: 0.4 });
  const { bound, dispose } = bind(sharing, ['a']);
  const at = (step: number, totalSteps: number | null) => {
    const { temperature, undecided } = bound.feeds?.({ ...firstStep, step, totalSteps }) ?? {};
    return [temperature?.data[0], undecided?.data[0]];
  };
  expect([0, 1, 2, 3, 4].map((step) => at(step, 5))).toEqual([
    [8, 1],
    [4, 1],
    [2, 0],
    [1, 0],
    [0.5, 0],
  ]);
  expect(at(100, null)).toEqual([8, 0]);
  dispose();
});

test('draws one parent by how likely it is, with the gradient of the softmax', () => {
  const model = bind(learningToBranch({ encoder: mlp([2], { activation: 'linear' }), branches: 2 }), ['a']);
  model.set('leaves/a', [Math.log(3), 0]);
  const rows = { x: tf.tensor2d(x) };
  const ends = [0, 1].map((b) => product(x, model.values(`copies/branch${b}/dense0/kernel`)));
  let first = 0;
  const draws = 400;
  for (let draw = 0; draw < draws; draw++) {
    const found = tf.tidy(() => listed<number[][]>(model.forward(rows, { training: true }).features.a));
    const which = ends.findIndex((end) => Math.abs((end[0]?.[0] as number) - (found[0]?.[0] as number)) < 1e-4);
    expect(which).toBeGreaterThanOrEqual(0);
    if (which === 0) first += 1;
  }
  // Three to one; the standard error is 0.02.
  expect(Math.abs(first / draws - 0.75)).toBeLessThan(0.08);
  const leaf = model.variable('leaves/a');
  const { grads } = tf.variableGrads(
    () => tf.sum(model.forward(rows, { training: true }).features.a as tf.Tensor) as tf.Scalar,
    [leaf],
  );
  const [up, down] = Array.from((grads[leaf.name] as tf.Tensor).dataSync());
  // Of a softmax of two: opposite, and not nothing.
  expect(up as number).toBeCloseTo(-(down as number), 4);
  expect(Math.abs(up as number)).toBeGreaterThan(1e-4);
  model.dispose();
});

test('says in the history how many copies are in use', async () => {
  const rows = { x: hostTensor(x.flat(), [2, 2]) };
  const train = tableDataset({ inputs: rows, columns: { a: Float32Array.of(1, 2), b: Float32Array.of(0, 1) } });
  const tasks = [regression('a'), regression('b')];
  const sharing = learningToBranch({ encoder: linear, learningRate: 1 });
  const trainer = await createTrainer({ tasks, sharing, optimizer: adam({ learningRate: 0.01 }), seed: 1 });
  const { logged } = await trainer.fit(train, { epochs: 12, batchSize: 2 });
  const { intermediates } = await trainer.inspect(rows);
  trainer.dispose();
  for (const stage of ['dense0', 'dense1']) {
    const paths = Array.from(intermediates[`paths/${stage}`]?.data ?? []);
    const used = [0, 1].filter((b) => (paths[b] as number) + (paths[2 + b] as number) > 0).length;
    expect(logged[`learning-to-branch/copies/${stage}`]?.at(-1)).toBe(used);
  }
  // Nothing is chosen in the warm-up: all would take the first copy.
  expect(logged['learning-to-branch/copies/dense1']?.[0]).toBe(1);
});
