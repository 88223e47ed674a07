import * as tf from '@tensorflow/tfjs';
import { describe } from 'vitest';
import { type Case, differential, f32 } from './differential.js';

/** Both gradients of a convolution, with weights that tell places apart. */
const gradients =
  (strides: number | [number, number], pad: Pad) =>
  (...inputs: tf.Tensor[]) =>
    tf.grads((x, filter) => {
      const y = tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, strides, pad);
      return tf.sum(tf.mul(y, tf.square(y)));
    })(inputs);

type Pad = 'same' | 'valid' | number | tf.backend_util.ExplicitPadding;
const uneven: Pad = [
  [0, 0],
  [1, 0],
  [0, 2],
  [0, 0],
];

const cases: Case[] = [];
for (const pad of ['same', 'valid', 1, uneven] as Pad[]) {
  for (const strides of [1, 2, [1, 2]] as (number | [number, number])[]) {
    for (const channels of [1, 3]) {
      cases.push({
        name: `pad ${JSON.stringify(pad)}, strides ${strides}, channels ${channels}`,
        inputs: [f32([2, 5, 6, channels]), f32([3, 2, channels, 4])],
        run: gradients(strides, pad),
        threads: 2,
      });
    }
  }
}

for (const [image, filter] of [
  [
    [1, 5, 6, 2],
    [3, 3, 2, 3],
  ],
  [
    [2, 9, 4, 2],
    [2, 3, 2, 3],
  ],
  [
    [2, 1, 6, 2],
    [1, 3, 2, 3],
  ],
  [
    [2, 6, 1, 2],
    [3, 1, 2, 3],
  ],
  [
    [2, 3, 3, 1],
    [3, 3, 1, 5],
  ],
] as const) {
  const name = `images ${image.join()}, filter ${filter.join()}`;
  cases.push({ name, inputs: [f32([...image]), f32([...filter])], run: gradients(1, 'same'), threads: 2 });
}

describe('gradients of convolutions', () => {
  differential(cases);
});
