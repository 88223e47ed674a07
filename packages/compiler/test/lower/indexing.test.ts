import * as tf from '@tensorflow/tfjs';
import { describe, expect, test } from 'vitest';
import { type Case, differential, f32, i32, runCompiled } from './differential.js';

const ids = (shape: number[], high: number, seed = 3) => i32(shape, 0, high, seed);
const cases: Case[] = [];
for (const axis of [0, 1, 2, -1]) {
  for (const shape of [[3], [], [2, 2], [1], [0]]) {
    cases.push({
      name: `gather axis ${axis} ids [${shape}]`,
      inputs: [f32([4, 4, 4]), ids(shape, 4)],
      run: (x, i) => tf.gather(x, i, axis),
    });
  }
}
cases.push(
  { name: 'gather int32', inputs: [i32([4, 2]), ids([3], 4)], run: (x, i) => tf.gather(x, i) },
  { name: 'gather batchDims 1', inputs: [f32([2, 4, 3]), ids([2, 5], 4)], run: (x, i) => tf.gather(x, i, 1, 1) },
  { name: 'gather batchDims 1 axis 2', inputs: [f32([2, 4, 3]), ids([2, 5], 3)], run: (x, i) => tf.gather(x, i, 2, 1) },
  { name: 'gatherND', inputs: [f32([4, 4, 2]), ids([3, 2], 4)], run: (x, i) => tf.gatherND(x, i) },
  { name: 'gatherND whole', inputs: [f32([4, 4]), ids([2, 3, 2], 4)], run: (x, i) => tf.gatherND(x, i) },
  { name: 'scatterND', inputs: [ids([5, 1], 3), f32([5, 2])], run: (i, u) => tf.scatterND(i, u, [3, 2]) },
  { name: 'scatterND scalars', inputs: [ids([6, 2], 3), f32([6])], run: (i, u) => tf.scatterND(i, u, [3, 3]) },
  { name: 'unsortedSegmentSum', inputs: [f32([5, 2]), ids([5], 3)], run: (x, i) => tf.unsortedSegmentSum(x, i, 3) },
  {
    name: 'unsortedSegmentSum drops ids outside',
    inputs: [f32([7, 2]), i32([7], -2, 6)],
    run: (x, i) => tf.unsortedSegmentSum(x, i, 3),
  },
  {
    name: 'gradient of gather',
    inputs: [f32([5, 3]), ids([7], 5)],
    run: (x: tf.Tensor, i: tf.Tensor) => tf.grad((y) => tf.sum(tf.square(tf.gather(y, i as tf.Tensor1D))))(x),
  },
  {
    name: 'gradient of gather axis 1',
    inputs: [f32([3, 5, 2]), ids([4], 5)],
    run: (x: tf.Tensor, i: tf.Tensor) => tf.grad((y) => tf.sum(tf.square(tf.gather(y, i as tf.Tensor1D, 1))))(x),
  },
  {
    name: 'gradient of gather, ids of rank 2',
    inputs: [f32([5, 3]), ids([4, 2], 5)],
    run: (x: tf.Tensor, i: tf.Tensor) => tf.grad((y) => tf.sum(tf.square(tf.gather(y, i as tf.Tensor1D))))(x),
  },
  {
    name: 'gather of constant',
    inputs: [ids([4], 3)],
    run: (i) => tf.gather(tf.tensor2d([1, 2, 3, 4, 5, 6], [3, 2]), i),
  },
  {
    name: 'range and linspace',
    inputs: [f32([4])],
    run: (x) => [tf.add(x, tf.range(0, 4)), tf.mul(x, tf.linspace(0, 1, 4))],
  },
);
for (const dtype of ['int32', 'float32', 'bool'] as const) {
  cases.push(
    { name: `oneHot ${dtype}`, inputs: [i32([8], -2, 6)], run: (i) => tf.oneHot(i, 4, 1, 0, dtype) },
    { name: `oneHot ${dtype} rank 2`, inputs: [i32([2, 3], -2, 6)], run: (i) => tf.oneHot(i, 4, 1, 0, dtype) },
  );
}
cases.push({
  name: 'oneHot on and off',
  inputs: [i32([8], -2, 6)],
  run: (i) => tf.oneHot(i, 4, 0.75, -0.25, 'float32'),
});

describe('lookups', () => differential(cases));

test.each([
  ['gather', (x: tf.Tensor, i: tf.Tensor1D) => tf.gather(x, i)],
  ['gatherND', (x: tf.Tensor, i: tf.Tensor) => tf.gatherND(x, tf.reshape(i, [-1, 1]))],
  [
    'scatterND',
    (x: tf.Tensor, i: tf.Tensor) => tf.scatterND(tf.reshape(i, [-1, 1]) as tf.Tensor2D, tf.slice(x, 0, 3), [4, 2]),
  ],
])('%s refuses indices out of range', async (_, run) => {
  for (const bad of [-1, 4, 100]) {
    const inputs = [f32([4, 2]), { shape: [3], dtype: 'int32', data: [0, bad, 1] } as const];
    await expect(runCompiled(run, inputs)).rejects.toMatchObject({ code: 'POLYTASK_INDEX_OUT_OF_RANGE' });
  }
});
