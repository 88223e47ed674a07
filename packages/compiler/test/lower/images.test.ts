// biome-ignore-all lint/suspicious/noExplicitAny: tables of functions over tensors of any rank
import * as tf from '@tensorflow/tfjs';
import { describe, expect, test } from 'vitest';
import { type Case, differential, f32, type Input, runCompiled } from './differential.js';

const cases: Case[] = [];
/** The operation and its gradients for all inputs, with weights that tell positions apart. */
function add(name: string, inputs: Input[], f: (...xs: any[]) => tf.Tensor, differentiable = true) {
  cases.push({ name, inputs, run: f });
  if (!differentiable) return;
  cases.push({
    name: `gradients of ${name}`,
    inputs,
    run: (...xs: tf.Tensor[]) =>
      tf.grads((...ys: tf.Tensor[]) => {
        const y = f(...ys);
        return tf.sum(tf.mul(y, tf.square(y)));
      })(xs),
  });
}

const dilated = (x: tf.Tensor4D, kind: 'avg' | 'max') => tf.pool(x, [2, 3], kind, 'valid', [2, 2], 1);

type Pad = 'same' | 'valid' | number | tf.backend_util.ExplicitPadding;
const pads: Pad[] = [
  'same',
  'valid',
  0,
  1,
  [
    [0, 0],
    [1, 0],
    [0, 2],
    [0, 0],
  ],
];
for (const pad of pads) {
  for (const strides of [1, 2, [1, 2], 3] as (number | [number, number])[]) {
    for (const dilations of [1, 2, [2, 1]] as (number | [number, number])[]) {
      if (strides !== 1 && dilations !== 1) continue;
      const title = `pad ${JSON.stringify(pad)} strides ${strides} dilations ${dilations}`;
      for (const channels of [1, 3]) {
        add(
          `conv2d ${title} channels ${channels}`,
          [f32([2, 6, 7, channels]), f32([3, 2, channels, 4])],
          (x, w) => tf.conv2d(x, w, strides, pad, 'NHWC', dilations),
          dilations === 1,
        );
      }
      if (Array.isArray(strides) || Array.isArray(pad)) continue;
      add(
        `depthwiseConv2d ${title}`,
        [f32([2, 6, 7, 3]), f32([3, 2, 3, 2])],
        (x, w) => tf.depthwiseConv2d(x, w, strides, pad, 'NHWC', dilations),
        dilations === 1,
      );
    }
  }
}
add('conv2d 1×1', [f32([2, 4, 4, 3]), f32([1, 1, 3, 5])], (x, w) => tf.conv2d(x, w, 1, 'valid'));
add('conv2d one row', [f32([1, 1, 6, 2]), f32([1, 3, 2, 2])], (x, w) => tf.conv2d(x, w, 1, 'same'));
add('conv1d', [f32([2, 8, 3]), f32([3, 3, 4])], (x, w) => tf.conv1d(x, w, 2, 'same'));
add(
  'conv2d and bias and relu twice',
  [f32([2, 6, 6, 2]), f32([3, 3, 2, 3]), f32([3]), f32([3, 3, 3, 2])],
  (x, w, b, v) => tf.conv2d(tf.relu(tf.add(tf.conv2d(x, w, 1, 'same'), b)) as tf.Tensor4D, v, 1, 'valid'),
);
add('conv2dTranspose', [f32([2, 3, 4, 3]), f32([3, 3, 2, 3])], (x, w) =>
  tf.conv2dTranspose(x, w, [2, 6, 8, 2], 2, 'same'),
);
cases.push(
  {
    name: 'conv2d NCHW',
    inputs: [f32([2, 3, 6, 7]), f32([3, 2, 3, 4])],
    run: (x, w) => tf.conv2d(x, w, 1, 'same', 'NCHW'),
  },
  {
    name: 'fused conv2d',
    inputs: [f32([2, 6, 6, 2]), f32([3, 3, 2, 3]), f32([3])],
    run: (x, filter, bias) => tf.fused.conv2d({ x, filter, strides: 1, pad: 'same', bias, activation: 'relu' }),
  },
  {
    name: 'fused depthwise',
    inputs: [f32([2, 6, 6, 2]), f32([3, 3, 2, 1]), f32([2])],
    run: (x, filter, bias) =>
      tf.fused.depthwiseConv2d({ x, filter, strides: 1, pad: 'same', bias, activation: 'relu6' }),
  },
  {
    name: 'separableConv2d',
    inputs: [f32([2, 6, 6, 2]), f32([3, 3, 2, 2]), f32([1, 1, 4, 3])],
    run: (x, d, p) => tf.separableConv2d(x, d, p, 1, 'same'),
  },
);

for (const pad of ['same', 'valid', 0, 1, 2] as ('same' | 'valid' | number)[]) {
  for (const [size, strides] of [
    [2, 2],
    [3, 3],
    [3, 2],
    [2, 1],
    [
      [2, 3],
      [2, 3],
    ],
    [3, 1],
    [1, 2],
    [2, 3],
  ] as [number | [number, number], number | [number, number]][]) {
    const title = `${size} strides ${strides} pad ${pad}`;
    add(`maxPool ${title}`, [f32([2, 6, 7, 3])], (x) => tf.maxPool(x, size, strides, pad));
    // tfjs' kernel of the gradient of a rectangular window is the right one; both divide by the whole window.
    add(`avgPool ${title}`, [f32([2, 6, 7, 3])], (x) => tf.avgPool(x, size, strides, pad));
  }
}
cases.push(
  {
    name: 'maxPool ties',
    inputs: [f32([1, 4, 4, 1])],
    run: (x: tf.Tensor4D) =>
      tf.grad((y) => tf.sum(tf.mul(tf.maxPool(tf.relu(tf.sub(y, 1)) as tf.Tensor4D, 2, 2, 'valid'), 3)))(x),
  },
  {
    name: 'maxPool of equal entries',
    inputs: [f32([1, 4, 4, 2])],
    run: (x: tf.Tensor4D) =>
      tf.grad((y) => tf.sum(tf.maxPool(tf.round(tf.mul(y, 0)) as tf.Tensor4D, 2, 2, 'valid')))(x),
  },
  // Short rows and long ones are lowered in two ways; whole numbers tie often; some rows and columns are in no window.
  ...([2, 3, [2, 3], [1, 2]] as const).flatMap((size) =>
    [7, 20, 70].map((width) => ({
      name: `maxPool gradient of ties, ${size}, width ${width}`,
      inputs: [f32([2, 7, width, 2], -1, 2)],
      run: (x: tf.Tensor4D) => {
        const pooled = (y: tf.Tensor4D) => tf.maxPool(y, size as 2, size as 2, 'valid');
        const scale = tf.reshape(tf.range(1, 1 + pooled(x).size), pooled(x).shape);
        return tf.grad((y) => tf.sum(tf.mul(pooled(y as tf.Tensor4D), scale)))(tf.round(x));
      },
    })),
  ),
  {
    name: 'maxPool gradient of infinite entries',
    inputs: [f32([1, 4, 4, 1], -1, 1)],
    run: (x: tf.Tensor4D) =>
      tf.grad((y) => tf.sum(tf.maxPool(y as tf.Tensor4D, 2, 2, 'valid')))(tf.div(1, tf.round(x))),
  },
  {
    name: 'maxPool below zero, padded as wide as its window',
    inputs: [f32([1, 3, 3, 1], -5, -1)],
    run: (x) => tf.maxPool(x, [1, 2], 1, 1),
  },
  { name: 'dilated pools', inputs: [f32([1, 7, 7, 2])], run: (x) => [dilated(x, 'max'), dilated(x, 'avg')] },
  { name: 'maxPool ceil', inputs: [f32([1, 5, 5, 2])], run: (x) => tf.maxPool(x, 2, 2, 0, 'ceil') },
  { name: 'avgPool ceil', inputs: [f32([1, 5, 5, 2])], run: (x) => tf.avgPool(x, 2, 2, 0, 'ceil') },
);
for (const size of [
  [8, 8],
  [3, 3],
  [5, 5],
  [1, 1],
  [2, 6],
] as [number, number][]) {
  for (const [align, half] of [
    [false, false],
    [true, false],
    [false, true],
  ] as [boolean, boolean][]) {
    const title = `${size} ${align} ${half}`;
    cases.push({
      name: `resizeBilinear ${title}`,
      inputs: [f32([2, 4, 5, 3])],
      run: (x) => tf.image.resizeBilinear(x, size, align, half),
    });
    cases.push({
      name: `resizeNearestNeighbor ${title}`,
      inputs: [f32([2, 4, 5, 3])],
      run: (x) => tf.image.resizeNearestNeighbor(x, size, align, half),
    });
    if (half) continue;
    // tfjs' gradients are only right for one square image.
    const gradient =
      (f: (x: any) => tf.Tensor): Case['run'] =>
      (x: tf.Tensor) =>
        tf.grad((y) => tf.sum(tf.mul(f(y), tf.square(f(y)))))(x);
    cases.push({
      name: `gradient of resizeBilinear ${title}`,
      inputs: [f32([1, 4, 4, 3])],
      run: gradient((x) => tf.image.resizeBilinear(x, size, align)),
    });
    cases.push({
      name: `gradient of resizeNearestNeighbor ${title}`,
      inputs: [f32([1, 4, 4, 3])],
      run: gradient((x) => tf.image.resizeNearestNeighbor(x, size, align)),
    });
  }
}

describe('images', () => differential(cases));

test('gradients of resizing are those of each image by itself, which tfjs gets wrong for several', async () => {
  for (const resize of [tf.image.resizeNearestNeighbor, tf.image.resizeBilinear]) {
    const gradient = (x: tf.Tensor) => tf.grad((y) => tf.sum(tf.pow(resize(y as tf.Tensor4D, [6, 6]), 3)))(x);
    const both = f32([2, 3, 3, 2]);
    const [found] = (await runCompiled(gradient, [both])).outputs;
    const expected = tf.tidy(() => {
      const images = tf.split(tf.tensor(Float32Array.from(both.data), [2, 3, 3, 2]), 2);
      return Array.from(tf.concat(images.map(gradient)).dataSync());
    });
    expected.forEach((x, i) => {
      expect(found?.data[i]).toBeCloseTo(x, 3);
    });
  }
});
