import * as tf from '@tensorflow/tfjs';
import { describe } from 'vitest';
import { bools, type Case, differential, f32, floats, type Input, i32 } from './differential.js';

const special = floats(
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  0,
  -0,
  1,
  -1,
  0.5,
  -0.5,
  1.5,
  -1.5,
  2.5,
  1e-8,
  -1e-8,
  30,
  -30,
);
const unit = floats(-0.9, -0.5, 0, 0.5, 0.9);
const positive = floats(1e-8, 1e-3, 0.5, 1, 2, 30, 1e5);

type Unary = (x: tf.Tensor) => tf.Tensor;
const unary: { [name: string]: [Unary, ...Input[]] } = {
  abs: [tf.abs, special, i32([6])],
  neg: [tf.neg, special, i32([6])],
  exp: [tf.exp, special],
  log: [tf.log, special, positive],
  log1p: [tf.log1p, special, positive, floats(1e-4, -1e-4, 1e-6, 1e-7, -0.99, 1e38)],
  expm1: [tf.expm1, special, floats(1e-4, -1e-4, 1e-6, 0.3, -0.3, 5, -5)],
  sqrt: [tf.sqrt, special, positive],
  rsqrt: [tf.rsqrt, special, positive],
  square: [tf.square, special, i32([6])],
  reciprocal: [tf.reciprocal, special],
  sigmoid: [tf.sigmoid, special],
  tanh: [tf.tanh, special],
  elu: [tf.elu, special],
  selu: [tf.selu, special],
  relu: [tf.relu, special, i32([6])],
  relu6: [tf.relu6, special, floats(7, 5)],
  softplus: [tf.softplus, special, floats(100, -100, 15, -15)],
  erf: [tf.erf, special],
  sign: [tf.sign, special],
  'step 0': [(x) => tf.step(x), special],
  'step -1': [(x) => tf.step(x, -1), special],
  'step 0.3': [(x) => tf.step(x, 0.3), special],
  floor: [tf.floor, special],
  ceil: [tf.ceil, special],
  round: [tf.round, special],
  sin: [tf.sin, unit],
  cos: [tf.cos, unit],
  tan: [tf.tan, unit],
  asin: [tf.asin, unit],
  acos: [tf.acos, unit],
  atan: [tf.atan, special],
  sinh: [tf.sinh, unit],
  cosh: [tf.cosh, unit],
  asinh: [tf.asinh, unit],
  acosh: [tf.acosh, floats(1, 1.5, 3)],
  atanh: [tf.atanh, unit],
  isNaN: [tf.isNaN, special],
  isInf: [tf.isInf, special],
  isFinite: [tf.isFinite, special],
  logicalNot: [tf.logicalNot as Unary, bools([6])],
  'leakyRelu 0.2': [(x) => tf.leakyRelu(x, 0.2), special],
  'leakyRelu 0.7': [(x) => tf.leakyRelu(x, 0.7), special],
  'clip -1 1': [(x) => tf.clipByValue(x, -1, 1), special, i32([6])],
  'clip 0 inf': [(x) => tf.clipByValue(x, 0, Number.POSITIVE_INFINITY), special],
  'cast float to int': [(x) => tf.cast(x, 'int32'), floats(0, 1.5, -1.5, 2.9, -2.9)],
  'cast float to bool': [(x) => tf.cast(x, 'bool'), special],
  'cast int to float': [(x) => tf.cast(x, 'float32'), i32([6])],
  'cast int to bool': [(x) => tf.cast(x, 'bool'), i32([6], -1, 2)],
  'cast bool to int': [(x) => tf.cast(x, 'int32'), bools([6])],
  'cast bool to float': [(x) => tf.cast(x, 'float32'), bools([6])],
};

type Binary = (a: tf.Tensor, b: tf.Tensor) => tf.Tensor;
const arithmetic: { [name: string]: Binary } = {
  add: tf.add,
  sub: tf.sub,
  mul: tf.mul,
  div: tf.div,
  maximum: tf.maximum,
  minimum: tf.minimum,
  mod: tf.mod,
  floorDiv: tf.floorDiv,
  squaredDifference: tf.squaredDifference,
  divNoNan: tf.divNoNan,
  atan2: tf.atan2,
};
const comparisons: { [name: string]: Binary } = {
  equal: tf.equal,
  notEqual: tf.notEqual,
  greater: tf.greater,
  greaterEqual: tf.greaterEqual,
  less: tf.less,
  lessEqual: tf.lessEqual,
};
const shapes: [number[], number[]][] = [
  [
    [2, 3],
    [2, 3],
  ],
  [[2, 3], [3]],
  [[2, 3], []],
  [[], [2, 3]],
  [
    [2, 1, 3],
    [4, 1],
  ],
  [[1], [1, 1]],
  [[0, 3], [3]],
  [
    [2, 3],
    [2, 1],
  ],
];
const nonFinite = floats(Number.NaN, 1, Number.POSITIVE_INFINITY, -1, 0, -7.5, 7.5, 0);
const others = floats(1, Number.NaN, 2, 0, 0, 2, -2, -3);

const cases: Case[] = [];
for (const [name, [run, ...inputs]] of Object.entries(unary)) {
  inputs.forEach((input, i) => {
    cases.push({ name: `${name} ${input.dtype} ${i}`, inputs: [input], run });
  });
  cases.push({ name: `${name} [0]`, inputs: [{ shape: [0, 2], dtype: (inputs[0] as Input).dtype, data: [] }], run });
  cases.push({ name: `${name} []`, inputs: [{ shape: [], dtype: (inputs[0] as Input).dtype, data: [0.5] }], run });
}
for (const [name, run] of Object.entries({ ...arithmetic, ...comparisons })) {
  for (const [a, b] of shapes) {
    cases.push({ name: `${name} float32 [${a}] [${b}]`, inputs: [f32(a), f32(b, -2, 2, 3)], run });
    cases.push({ name: `${name} int32 [${a}] [${b}]`, inputs: [i32(a), i32(b, -4, 5, 3)], run });
  }
  cases.push({ name: `${name} special`, inputs: [nonFinite, others], run });
  cases.push({ name: `${name} mixed`, inputs: [i32([4]), f32([4])], run });
}
for (const [name, run] of Object.entries(comparisons))
  cases.push({ name: `${name} bool`, inputs: [bools([8]), bools([8], 9)], run });
for (const [name, run] of Object.entries({ and: tf.logicalAnd, or: tf.logicalOr, xor: tf.logicalXor })) {
  cases.push({ name: `logical ${name}`, inputs: [bools([2, 4]), bools([4], 9)], run: run as Binary });
}
for (const shape of [
  [64, 64, 1],
  [16, 16, 16, 1],
  [4096, 1],
]) {
  const run = (x: tf.Tensor, y: tf.Tensor) => [tf.div(x, 255), tf.sub(y, x), tf.where(tf.greater(x, 0.5), x, y)];
  cases.push({ name: `one channel [${shape}] and a number`, inputs: [f32(shape), f32([], -2, 2, 3)], run });
}
cases.push(
  { name: 'pow', inputs: [floats(2, 3, 0, 4, 2.5), floats(3, -1, 2, 0.5, 0)], run: tf.pow },
  {
    name: 'atan2 of zeros and infinities of both signs',
    inputs: [f32([8, 1]), f32([1, 8])].map((input) => ({
      ...input,
      data: [0, -0, 1, -1, 1 / 0, -1 / 0, 1e-30, Number.NaN],
    })),
    run: tf.atan2,
  },
  {
    name: 'gradients of atan2',
    inputs: [f32([3, 4]), f32([4], 0.5, 2)],
    run: (a: tf.Tensor, b: tf.Tensor) =>
      tf.grads((y, x) => tf.sum(tf.square(tf.atan2(y as tf.Tensor, x as tf.Tensor))))([a, b]),
  },
  { name: 'pow 2', inputs: [f32([4])], run: (x) => tf.pow(x, tf.scalar(2)) },
  { name: 'pow int32', inputs: [i32([4]), i32([4], 0, 4)], run: tf.pow },
  { name: 'pow of negative', inputs: [floats(-2, -2, -8), floats(2, 3, 1 / 3)], run: tf.pow },
  { name: 'prelu', inputs: [f32([2, 3, 4]), f32([4])], run: tf.prelu },
  { name: 'where', inputs: [bools([2, 3]), f32([2, 3]), f32([2, 3], 0, 1)], run: tf.where },
  { name: 'where broadcast', inputs: [bools([2, 1]), f32([3]), f32([], 0, 1)], run: tf.where },
  { name: 'where int32', inputs: [bools([3]), i32([3]), i32([3], 0, 9, 2)], run: tf.where },
  { name: 'where bool', inputs: [bools([3]), bools([3], 1), bools([3], 2)], run: tf.where },
  { name: 'where of NaN', inputs: [bools([4]), floats(Number.NaN, 1, 2, 3), floats(0, 0, 0, 0)], run: tf.where },
  { name: 'addN', inputs: [f32([3]), f32([3], 0, 1), f32([3], 1, 2)], run: (...all) => tf.addN(all) },
  { name: 'sum of one', inputs: [f32([3])], run: (x) => tf.addN([x]) },
  {
    name: 'zerosLike and onesLike',
    inputs: [f32([2])],
    run: (x) => [tf.add(tf.zerosLike(x), x), tf.onesLike(x), tf.fill([2], 3)],
  },
  {
    name: 'batchNorm',
    inputs: [f32([2, 3, 4]), f32([4]), f32([4], 0.1, 1), f32([4]), f32([4])],
    run: (x, m, v, o, s) => tf.batchNorm(x, m, v, o, s, 0.01),
  },
  {
    name: 'batchNorm plain',
    inputs: [f32([2, 4]), f32([4]), f32([4], 0.1, 1)],
    run: (x, m, v) => tf.batchNorm(x, m, v),
  },
);
const gradients: { [name: string]: [Unary, Input?] } = {
  relu: [tf.relu],
  'relu at zero': [tf.relu, floats(0, -0, 1, -1)],
  abs: [tf.abs],
  elu: [tf.elu],
  selu: [tf.selu],
  relu6: [tf.relu6, floats(-1, 0, 3, 6, 7)],
  'leakyRelu 0.3': [(x) => tf.leakyRelu(x, 0.3)],
  softplus: [tf.softplus],
  sigmoid: [tf.sigmoid],
  tanh: [tf.tanh],
  'log1p of exp': [(x) => tf.log1p(tf.exp(x))],
  clip: [(x) => tf.clipByValue(x, -0.5, 0.5)],
  'pow 3': [(x) => tf.pow(x, tf.scalar(3, 'int32'))],
  sqrt: [tf.sqrt, positive],
  rsqrt: [tf.rsqrt, positive],
  erf: [tf.erf],
  where: [(x) => tf.where(tf.tensor2d([1, 0, 1, 0], [1, 4], 'bool'), tf.mul(x, 2), tf.square(x))],
  'div by sum': [(x) => tf.div(x, tf.sum(tf.square(x)))],
};
for (const [name, [f, input = f32([3, 4])]] of Object.entries(gradients)) {
  cases.push({
    name: `gradient of ${name}`,
    inputs: [input],
    run: (x: tf.Tensor) => tf.grad((y) => tf.sum(tf.square(f(y))))(x),
  });
}

describe('elementwise operations', () => differential(cases));
