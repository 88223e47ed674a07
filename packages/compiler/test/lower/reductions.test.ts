import * as tf from '@tensorflow/tfjs';
import { describe, expect, test } from 'vitest';
import { bools, type Case, differential, f32, floats, i32, runCompiled } from './differential.js';

type Reduction = (x: tf.Tensor, axis?: number | number[], keepDims?: boolean) => tf.Tensor;
const reductions: { [name: string]: Reduction } = {
  sum: tf.sum,
  mean: tf.mean,
  max: tf.max,
  min: tf.min,
  prod: tf.prod,
  logSumExp: tf.logSumExp,
};
const axes: (number | number[] | undefined)[] = [undefined, 0, 1, -1, [0, 1], [2, 0], [], [0, 1, 2]];

const cases: Case[] = [];
for (const [name, run] of Object.entries(reductions)) {
  for (const axis of axes) {
    for (const keepDims of [false, true]) {
      cases.push({
        name: `${name} float32 ${JSON.stringify(axis)} ${keepDims}`,
        inputs: [f32([2, 3, 4])],
        run: (x) => run(x, axis, keepDims),
      });
    }
  }
  if (name !== 'logSumExp') {
    cases.push({ name: `${name} int32`, inputs: [i32([2, 3])], run: (x) => run(x, 1) });
    cases.push({
      name: `${name} bool`,
      inputs: [bools([2, 3])],
      run: (x) => (name === 'max' || name === 'min' ? run(tf.cast(x, 'int32'), 1) : run(x, 1)),
    });
  }
  cases.push({ name: `${name} one`, inputs: [f32([3, 1])], run: (x) => run(x, 1) });
  cases.push({ name: `${name} scalar`, inputs: [f32([])], run: (x) => run(x) });
  cases.push({ name: `${name} NaN`, inputs: [floats(1, Number.NaN, 2, -1)], run: (x) => run(x) });
  cases.push({
    name: `${name} NaN first, many`,
    inputs: [{ ...f32([40, 33]), data: f32([40, 33]).data }],
    run: (x) => run(tf.concat([tf.mul(x, Number.NaN), x], 1), 1),
  });
  cases.push({ name: `${name} infinity`, inputs: [floats(1, Number.POSITIVE_INFINITY, 2, -1)], run: (x) => run(x) });
}
for (const [name, run] of Object.entries({ sum: tf.sum, prod: tf.prod, mean: tf.mean }) as [string, Reduction][]) {
  cases.push({ name: `${name} of nothing`, inputs: [f32([0, 2])], run: (x) => run(x, 0) });
  cases.push({ name: `${name} to nothing`, inputs: [f32([0, 2])], run: (x) => run(x, 1) });
}
for (const [name, run] of Object.entries({ all: tf.all, any: tf.any }) as [string, Reduction][]) {
  for (const axis of [undefined, 0, 1])
    cases.push({ name: `${name} ${axis}`, inputs: [bools([2, 3])], run: (x) => run(x, axis) });
}
for (const [name, run] of Object.entries({ argMax: tf.argMax, argMin: tf.argMin })) {
  for (const axis of [0, 1, -1]) {
    cases.push({ name: `${name} ${axis}`, inputs: [f32([3, 4])], run: (x) => run(x, axis) });
    cases.push({ name: `${name} ties ${axis}`, inputs: [i32([5, 6], 0, 3)], run: (x) => run(x, axis) });
  }
}
for (const exclusive of [false, true]) {
  for (const reverse of [false, true]) {
    for (const axis of [0, 1]) {
      cases.push({
        name: `cumsum ${exclusive} ${reverse} ${axis}`,
        inputs: [f32([3, 4])],
        run: (x) => tf.cumsum(x, axis, exclusive, reverse),
      });
    }
  }
}
cases.push(
  { name: 'cumsum int32', inputs: [i32([4])], run: (x) => tf.cumsum(x) },
  {
    name: 'cumprod',
    inputs: [f32([3, 4])],
    run: (x) => [tf.cumprod(x, 1), tf.cumprod(x, 0, true), tf.cumprod(x, 1, false, true)],
  },
  {
    name: 'cumprod of whole numbers and booleans',
    inputs: [i32([3, 4]), bools([3, 4])],
    run: (x, flags) => [tf.cumprod(x, 1), tf.cumprod(flags, 1)],
  },
  { name: 'softmax', inputs: [f32([3, 4])], run: (x) => tf.softmax(x) },
  { name: 'softmax of large numbers', inputs: [floats(1000, 1001, -1000)], run: (x) => tf.softmax(x) },
  { name: 'logSoftmax', inputs: [f32([3, 4])], run: (x) => tf.logSoftmax(x) },
  { name: 'moments', inputs: [f32([3, 4, 2])], run: (x) => Object.values(tf.moments(x, [0, 1], true)) as tf.Tensor[] },
  { name: 'norm', inputs: [f32([3, 4])], run: (x) => [tf.norm(x), tf.norm(x, 1), tf.norm(x, 'euclidean', 1)] },
  { name: 'sum of ones', inputs: [f32([3])], run: (x) => tf.mul(x, tf.sum(tf.ones([100, 300]))) },
  { name: 'mean of zeros', inputs: [f32([3])], run: (x) => tf.add(x, tf.mean(tf.zeros([300, 100]))) },
);
for (const exclusive of [false, true]) {
  for (const reverse of [false, true]) {
    // Both ways: an entry after the other, and doubling.
    for (const length of [1, 256, 257, 1000]) {
      cases.push({
        name: `cumprod over ${length} ${exclusive} ${reverse}`,
        inputs: [f32([2, length, 2], 0.96, 1.04), i32([length], -1, 2)],
        run: (x, whole) => [tf.cumprod(x, 1, exclusive, reverse), tf.cumprod(whole, 0, exclusive, reverse)],
      });
    }
  }
}
for (const k of [0, 1, 3, 40]) {
  for (const [kind, input] of [
    ['float32', f32([3, 40])],
    ['int32 with ties', i32([2, 2, 40], 0, 5)],
    ['one axis', f32([40])],
    [
      'infinities',
      { shape: [40], dtype: 'float32', data: Array.from({ length: 40 }, (_, i) => 1 / (i - 7) - 1 / (i - 30)) },
    ],
  ] as const) {
    const run = (x: tf.Tensor) => Object.values(tf.topk(x, k)) as tf.Tensor[];
    cases.push({ name: `topk ${k} ${kind}`, inputs: [input], run });
  }
}
cases.push({
  name: 'topk that chooses what is learned',
  inputs: [f32([3, 6]), f32([6])],
  run: (x: tf.Tensor, gate: tf.Tensor) => {
    const chosen = tf.topk(gate, 2).indices;
    return tf.grad((y) => tf.sum(tf.square(tf.gather(y, chosen as tf.Tensor1D, 1))))(x);
  },
});
for (const [name, input] of Object.entries({
  'large numbers': floats(1000, 1001, -1000),
  NaN: floats(1, Number.NaN, 2),
  infinity: floats(1, Number.POSITIVE_INFINITY, 2),
  'minus infinity': floats(1, Number.NEGATIVE_INFINITY, 2),
  'a single entry': floats(3),
})) {
  cases.push({ name: `logSoftmax of ${name}`, inputs: [input], run: (x) => tf.logSoftmax(x) });
}
const logSum = (x: tf.Tensor, axis: number, keepDims: boolean) => tf.log(tf.sum(tf.exp(x), axis, keepDims));
for (const keepDims of [false, true]) {
  for (const axis of [0, 1]) {
    const name = `x less its logSumExp, axis ${axis}, ${keepDims}`;
    cases.push({ name, inputs: [f32([4, 4])], run: (x) => tf.sub(x, logSum(x, axis, keepDims)) });
  }
}
cases.push(
  {
    name: 'x less the logSumExp of another',
    inputs: [f32([3, 4]), f32([3, 4])],
    run: (x, y) => tf.sub(x, logSum(y, 1, true)),
  },
  { name: 'a sum of products', inputs: [f32([40]), f32([40])], run: (a, b) => tf.sum(tf.mul(a, b)) },
  { name: 'a sum of products, kept', inputs: [f32([40]), f32([40])], run: (a, b) => tf.sum(tf.mul(a, b), 0, true) },
  { name: 'a sum of products with a number', inputs: [f32([40]), f32([1])], run: (a, b) => tf.sum(tf.mul(a, b)) },
  { name: 'a sum of squares', inputs: [f32([40])], run: (a) => tf.sum(tf.mul(a, a)) },
  { name: 'a sum of whole products', inputs: [i32([9]), i32([9])], run: (a, b) => tf.sum(tf.mul(a, b)) },
  {
    name: 'a sum of products that are used',
    inputs: [f32([40]), f32([40])],
    run: (a, b) => {
      const product = tf.mul(a, b);
      return [tf.sum(product), tf.exp(product)];
    },
  },
  {
    name: 'a sum of products that are given',
    inputs: [f32([40]), f32([40])],
    run: (a, b) => {
      const product = tf.mul(a, b);
      return [tf.sum(product), product];
    },
  },
);
for (const [name, f] of Object.entries({
  sum: (x: tf.Tensor) => tf.sum(x, 1),
  mean: (x: tf.Tensor) => tf.mean(x, [0, 2]),
  max: (x: tf.Tensor) => tf.max(x, 2),
  min: (x: tf.Tensor) => tf.min(x, 0),
  prod: (x: tf.Tensor) => tf.prod(x, 1),
  softmax: (x: tf.Tensor) => tf.softmax(x),
  logSoftmax: (x: tf.Tensor) => tf.logSoftmax(x),
  cumsum: (x: tf.Tensor) => tf.cumsum(x, 2, true, true),
  logSumExp: (x: tf.Tensor) => tf.logSumExp(x, 2),
})) {
  cases.push({
    name: `gradient of ${name}`,
    inputs: [f32([2, 3, 4])],
    run: (x: tf.Tensor) => tf.grad((y) => tf.sum(tf.square(f(y))))(x),
  });
}

describe('reductions', () => differential(cases));

test('the logarithm of a softmax is one operation, and a sum of products another', async () => {
  const run = (x: tf.Tensor, a: tf.Tensor, b: tf.Tensor) => [tf.logSoftmax(x), tf.sum(tf.mul(a, b))];
  const { compiled } = await runCompiled(run, [f32([3, 4]), f32([5]), f32([5])]);
  expect(compiled.onnx?.nodes.map(({ op }) => op)).toEqual(['LogSoftmax', 'MatMul']);
});
