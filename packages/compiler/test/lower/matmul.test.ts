import * as tf from '@tensorflow/tfjs';
import { describe, expect, test } from 'vitest';
import { type Case, differential, f32, i32, runCompiled } from './differential.js';

const cases: Case[] = [];
for (const ta of [false, true]) {
  for (const tb of [false, true]) {
    const a = ta ? [3, 2] : [2, 3];
    const b = tb ? [4, 3] : [3, 4];
    const run = (x: tf.Tensor, y: tf.Tensor) => tf.matMul(x, y, ta, tb);
    cases.push({ name: `matMul ${ta} ${tb}`, inputs: [f32(a), f32(b)], run });
    cases.push({ name: `matMul int32 ${ta} ${tb}`, inputs: [i32(a), i32(b)], run });
    cases.push({ name: `matMul batched ${ta} ${tb}`, inputs: [f32([5, ...a]), f32([5, ...b])], run });
    cases.push({ name: `matMul broadcast ${ta} ${tb}`, inputs: [f32([1, ...a]), f32([2, 5, ...b])], run });
    for (const batch of [[], [5]]) {
      cases.push({
        name: `gradients of matMul ${batch} ${ta} ${tb}`,
        inputs: [f32([...batch, ...a]), f32([...batch, ...b])],
        run: (x: tf.Tensor, y: tf.Tensor) =>
          tf.grads((p: tf.Tensor, q: tf.Tensor) => tf.sum(tf.square(tf.matMul(p, q, ta, tb))))([x, y]),
      });
    }
  }
}
const dense = (x: tf.Tensor2D, w: tf.Tensor2D, b: tf.Tensor) => tf.add(tf.matMul(x, w), b);
cases.push(
  { name: 'bias [n]', inputs: [f32([2, 3]), f32([3, 4]), f32([4])], run: dense },
  { name: 'bias [1, n]', inputs: [f32([2, 3]), f32([3, 4]), f32([1, 4])], run: dense },
  { name: 'bias [m, 1]', inputs: [f32([2, 3]), f32([3, 4]), f32([2, 1])], run: dense },
  { name: 'bias []', inputs: [f32([2, 3]), f32([3, 4]), f32([])], run: dense },
  { name: 'bias [5, m, n] makes the result larger', inputs: [f32([2, 3]), f32([3, 4]), f32([5, 2, 4])], run: dense },
  {
    name: 'product used twice',
    inputs: [f32([2, 3]), f32([3, 4]), f32([4])],
    run: (x, w, b) => [dense(x, w, b), tf.relu(tf.matMul(x, w))],
  },
  {
    name: 'sum of two products',
    inputs: [f32([2, 3]), f32([3, 4])],
    run: (x, w) => tf.add(tf.matMul(x, w), tf.matMul(tf.exp(x), w)),
  },
  {
    name: 'product plus itself',
    inputs: [f32([2, 3]), f32([3, 4])],
    run: (x, w) => tf.add(tf.matMul(x, w), tf.matMul(x, w)),
  },
  { name: 'transposed operands', inputs: [f32([2, 3]), f32([4, 3])], run: (x, w) => tf.matMul(x, tf.transpose(w)) },
  { name: 'inner size 0', inputs: [f32([2, 0]), f32([0, 3])], run: (x, w) => tf.matMul(x, w) },
  { name: 'inner size 1', inputs: [f32([2, 1]), f32([1, 3])], run: (x, w) => tf.matMul(x, w) },
  { name: 'no rows', inputs: [f32([0, 2]), f32([2, 3])], run: (x, w) => tf.matMul(x, w) },
  { name: 'dot', inputs: [f32([3]), f32([3])], run: (x, w) => tf.dot(x, w) },
  { name: 'dot, long', inputs: [f32([20001]), f32([20001], -2, 2, 8)], run: (x, w) => tf.dot(x, w) },
  { name: 'dot and a bias', inputs: [f32([1, 9]), f32([9, 1]), f32([1])], run: dense },
  { name: 'dot of columns', inputs: [f32([9, 1]), f32([1, 9])], run: (x, w) => tf.matMul(x, w, true, true) },
  { name: 'dot of nothing', inputs: [f32([0]), f32([0])], run: (x, w) => tf.dot(x, w) },
);
for (const [rows, columns] of [
  [1, 1],
  [2, 2],
  [3, 6],
  [6, 2],
  [7, 2],
] as const) {
  const [a, b, bias] = [f32([rows, 1500]), f32([columns, 1500]), f32([columns])];
  const multiply = (x: tf.Tensor, y: tf.Tensor) => tf.matMul(x, y, false, true);
  cases.push(
    { name: `long rows ${rows} ${columns}`, inputs: [a, b], run: multiply },
    { name: `long rows ${rows} ${columns}, bias`, inputs: [a, b, bias], run: (x, y, z) => tf.add(multiply(x, y), z) },
  );
}
cases.push({ name: 'long rows by themselves', inputs: [f32([3, 2000])], run: (x) => tf.matMul(x, x, false, true) });
for (const activation of ['linear', 'relu', 'elu', 'sigmoid', 'relu6', 'leakyrelu'] as const) {
  cases.push({
    name: `fused ${activation}`,
    inputs: [f32([2, 3]), f32([3, 4]), f32([4])],
    run: (a, b, bias) => tf.fused.matMul({ a, b, bias, activation, leakyreluAlpha: 0.3 }),
  });
}

describe('products', () => differential(cases));

test('a dense layer with relu is one Gemm and one Relu', async () => {
  const { compiled } = await runCompiled((x, w, b) => tf.relu(dense(x, w, b)), [f32([2, 3]), f32([3, 4]), f32([4])]);
  expect(compiled.onnx?.nodes.map(({ op }) => op)).toEqual(['Gemm', 'Relu']);
});

test('an inner product is one product of rows, however it is written', async () => {
  const ways: ((x: tf.Tensor1D, y: tf.Tensor1D) => tf.Tensor)[] = [
    (x, y) => tf.dot(x, y),
    (x, y) => tf.sum(tf.mul(x, y)),
    (x) => tf.sum(tf.square(x)),
  ];
  for (const way of ways) {
    const { compiled } = await runCompiled(way, [f32([5000]), f32([5000])]);
    const [product, ...others] = (compiled.onnx?.nodes ?? []).filter(({ op }) => op !== 'Reshape');
    expect([product?.op, product?.attributes, others]).toEqual(['FusedMatMul', { transB: { int: 1 } }, []]);
  }
});
