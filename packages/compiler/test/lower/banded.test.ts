import * as tf from '@tensorflow/tfjs';
import { describe, expect, test } from 'vitest';
import { type Case, differential, f32, type Input, runCompiled } from './differential.js';

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

async function operatorsOf(inputs: Input[], threads: number): Promise<string[]> {
  const { compiled } = await runCompiled(gradients(1, 'valid'), inputs, threads);
  return (compiled.onnx?.nodes ?? []).map(({ op }) => op).filter((op) => op.startsWith('Conv'));
}

describe('gradients of convolutions on several threads', () => {
  differential(cases);

  test('are products with bands for narrow images of few channels, and convolutions for others', async () => {
    const layer = (width: number, channels: number, height = 5) => [
      f32([2, height, width, channels]),
      f32([3, 3, channels, channels]),
    ];
    // The convolution itself is one, too.
    expect(await operatorsOf(layer(9, 2), 2)).toEqual(['Conv']);
    for (const [inputs, threads] of [
      [layer(9, 2), 1],
      [layer(10, 2), 2],
      [layer(9, 32), 2],
      [layer(9, 2, 20), 2],
    ] as const) {
      expect((await operatorsOf(inputs, threads)).sort()).toEqual(['Conv', 'Conv', 'ConvTranspose']);
    }
  });
});
