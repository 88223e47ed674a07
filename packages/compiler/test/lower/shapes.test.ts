import * as tf from '@tensorflow/tfjs';
import { describe } from 'vitest';
import { bools, type Case, differential, f32, type Input, i32 } from './differential.js';

type Move = (x: tf.Tensor) => tf.Tensor | tf.Tensor[];
const four =
  (f: (x: tf.Tensor4D) => tf.Tensor): Move =>
  (x) =>
    f(x as tf.Tensor4D);
const moves: { [name: string]: [readonly number[], Move] } = {
  reshape: [[2, 6], (x) => tf.reshape(x, [3, -1])],
  'reshape to scalar': [[1, 1], (x) => tf.reshape(x, [])],
  'reshape twice': [[2, 6], (x) => tf.reshape(tf.reshape(x, [12]), [4, 3])],
  expandDims: [[2, 3], (x) => [tf.expandDims(x, 0), tf.expandDims(x, -1), tf.expandDims(x, 1)]],
  squeeze: [[1, 2, 1], (x) => [tf.squeeze(x), tf.squeeze(x, [0])]],
  transpose: [[2, 3], (x) => tf.transpose(x)],
  'transpose 3': [[2, 3, 4], (x) => [tf.transpose(x), tf.transpose(x, [1, 0, 2]), tf.transpose(x, [0, 2, 1])]],
  'transpose of ones': [[2, 1, 4], (x) => tf.transpose(x, [1, 0, 2])],
  'transpose twice': [[2, 3, 4], (x) => tf.transpose(tf.transpose(x, [1, 2, 0]), [1, 0, 2])],
  'transpose and back, with bias': [
    [2, 3, 4],
    (x) => tf.transpose(tf.relu(tf.add(tf.transpose(x, [0, 2, 1]), tf.tensor1d([1, 2, 3]))), [0, 2, 1]),
  ],
  'transpose then reduce': [
    [2, 3, 4],
    (x) => [
      tf.sum(tf.transpose(x, [2, 0, 1]), 0),
      tf.mean(tf.transpose(x, [2, 0, 1]), [1], true),
      tf.max(tf.transpose(x, [2, 1, 0]), 2),
    ],
  ],
  'two transpositions meet': [
    [2, 3, 4],
    (x) => tf.mul(tf.transpose(x, [2, 1, 0]), tf.tanh(tf.transpose(x, [2, 1, 0]))),
  ],
  'transposition meets a plain operand': [[3, 3], (x) => tf.add(tf.transpose(x), x)],
  'transposition meets a column': [[3, 4], (x) => tf.mul(tf.transpose(x), tf.sum(tf.transpose(x), 1, true))],
  slice: [
    [3, 4],
    (x) => [tf.slice(x, [1, 1], [2, 2]), tf.slice(x, [0, 2]), tf.slice(x, 1, 1), tf.slice(x, [1, 0], [-1, 2])],
  ],
  'slice of slice': [[5, 4], (x) => tf.slice(tf.slice(x, [1, 1], [4, 3]), [1, 1], [2, 2])],
  'slice to nothing': [[3, 4], (x) => tf.slice(x, [1, 0], [0, 4])],
  stridedSlice: [
    [5, 6],
    (x) => [
      tf.stridedSlice(x, [1, 0], [5, 6], [2, 3]),
      tf.stridedSlice(x, [4, 5], [0, 0], [-1, -2]),
      tf.stridedSlice(x, [0, 0], [5, 6], [1, 1]),
    ],
  ],
  'stridedSlice with masks': [
    [5, 6],
    (x) => [
      tf.stridedSlice(x, [1, 1], [3, 4], [1, 1], 1, 2),
      tf.stridedSlice(x, [1], [2], [1], 0, 0, 0, 0, 1),
      tf.stridedSlice(x, [-1, 0], [-6, 6], [-1, 1]),
    ],
  ],
  tile: [[2, 3], (x) => [tf.tile(x, [2, 1]), tf.tile(x, [1, 3]), tf.tile(x, [2, 2])]],
  'tile of one': [[1, 3], (x) => tf.tile(x, [4, 1])],
  broadcastTo: [[2, 1], (x) => [tf.broadcastTo(x, [2, 3]), tf.broadcastTo(x, [4, 2, 3])]],
  'broadcast and use': [[2, 1], (x) => tf.mul(tf.broadcastTo(x, [2, 3]), tf.tensor1d([1, 2, 3]))],
  'broadcast by ones': [[2, 1], (x) => tf.mul(x, tf.ones([2, 3]))],
  'broadcast both and reduce': [[2, 1], (x) => tf.sum(tf.exp(tf.add(tf.ones([2, 3]), x)), 1)],
  concat: [
    [2, 3],
    (x) => [
      tf.concat([x, x], 0),
      tf.concat([x, tf.zeros([2, 2], x.dtype)], 1),
      tf.concat([x, tf.zeros([2, 0], x.dtype)], -1),
    ],
  ],
  stack: [[2, 3], (x) => [tf.stack([x, tf.neg(x)]), tf.stack([x, x], 1), tf.stack([x, x], -1)]],
  unstack: [[2, 3], (x) => [...tf.unstack(x), ...tf.unstack(x, 1)]],
  split: [[4, 6], (x) => [...tf.split(x, 2), ...tf.split(x, [1, 2, 3], 1), ...tf.split(x, [1, -1], 1)]],
  reverse: [[2, 3, 4], (x) => [tf.reverse(x), tf.reverse(x, 1), tf.reverse(x, [0, -1])]],
  depthToSpace: [[1, 2, 3, 8], four((x) => tf.depthToSpace(x, 2, 'NHWC'))],
  spaceToBatchND: [
    [2, 3, 4, 2],
    (x) => [
      tf.spaceToBatchND(
        x,
        [2, 2],
        [
          [1, 0],
          [0, 2],
        ],
      ),
      tf.spaceToBatchND(x, [3], [[0, 0]]),
    ],
  ],
  batchToSpaceND: [
    [12, 3, 2, 2],
    (x) => [
      tf.batchToSpaceND(
        x,
        [2, 3],
        [
          [1, 2],
          [0, 1],
        ],
      ),
      tf.batchToSpaceND(x, [4], [[3, 1]]),
    ],
  ],
  'one-axis spreads': [
    [3],
    (x) => [tf.broadcastTo(tf.reshape(x, [3, 1]), [3, 3]), tf.outerProduct(x as tf.Tensor1D, x as tf.Tensor1D)],
  ],
};
const constants: Move = () => [...tf.unstack(tf.tensor2d([[1, 2]])), ...tf.split(tf.tensor1d([1, 2]), 1)];
const padded: { [name: string]: [readonly number[], Move] } = {
  pad: [
    [2, 3],
    (x) => [
      tf.pad(x, [
        [1, 0],
        [0, 2],
      ]),
      tf.pad(
        x,
        [
          [0, 0],
          [1, 1],
        ],
        7,
      ),
      tf.pad(x, [
        [0, 0],
        [0, 0],
      ]),
    ],
  ],
  'mirrorPad reflect': [
    [3, 4],
    (x) =>
      tf.mirrorPad(
        x,
        [
          [1, 2],
          [3, 0],
        ],
        'reflect',
      ),
  ],
  'mirrorPad symmetric': [
    [3, 4],
    (x) =>
      tf.mirrorPad(
        x,
        [
          [1, 3],
          [4, 0],
        ],
        'symmetric',
      ),
  ],
};

const cases: Case[] = [{ name: 'one part of a constant', inputs: [f32([1])], run: constants }];
for (const [name, [shape, run]] of Object.entries({ ...moves, ...padded })) {
  const makers: [string, (shape: readonly number[]) => Input][] =
    name in padded
      ? [
          ['float32', f32],
          ['int32', i32],
        ]
      : [
          ['float32', f32],
          ['int32', i32],
          ['bool', bools],
        ];
  for (const [dtype, make] of makers) {
    // Some rows of the table compute too, which booleans do not.
    if (dtype !== 'float32' && /reduce|meet|bias|use|by ones|stack|spreads|depth/.test(name)) continue;
    cases.push({ name: `${name} ${dtype}`, inputs: [make(shape)], run });
  }
  // tfjs has no gradients of these.
  if (/slice to nothing|stridedSlice|depthToSpace/.test(name)) continue;
  cases.push({
    name: `gradient of ${name}`,
    inputs: [f32(shape)],
    run: (x: tf.Tensor) =>
      tf.grad((y) => {
        const found = run(y);
        return tf.addN((Array.isArray(found) ? found : [found]).map((one, i) => tf.mul(tf.sum(tf.square(one)), i + 1)));
      })(x),
  });
}

describe('shapes', () => differential(cases));
