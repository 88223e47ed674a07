import * as tf from '@tensorflow/tfjs';
import type { Value } from '../../ir/value.js';
import { need, type TraceRules } from '../rule.js';
import { padded } from './shapes.js';

/** Kernels that move blocks of an image between its space, its channels and the batch. */
export const blockRules: TraceRules = {
  DepthToSpace: ({ graph, inputs, attributes }) => {
    const x = inputs.x as Value;
    const { blockSize: block, dataFormat } = attributes as { blockSize: number; dataFormat: string };
    const channelsLast = dataFormat === 'NHWC';
    const image = channelsLast ? x : graph.transpose(x, [0, 2, 3, 1]);
    const [batch, height, width, channels] = image.shape as [number, number, number, number];
    const depth = channels / (block * block);
    const apart = graph.reshape(image, [batch, height, width, block, block, depth]);
    const together = graph.reshape(graph.transpose(apart, [0, 1, 3, 2, 4, 5]), [
      batch,
      height * block,
      width * block,
      depth,
    ]);
    return channelsLast ? together : graph.transpose(together, [0, 3, 1, 2]);
  },
  SpaceToBatchND: (call) => {
    const { graph, attributes } = call;
    const { blockShape: block, paddings } = attributes as { blockShape: number[]; paddings: [number, number][] };
    const given = need(call, 'x');
    const rest = given.shape.slice(1 + block.length).map((): [number, number] => [0, 0]);
    const x = padded(graph, given, [[0, 0], ...paddings, ...rest], 0);
    const count = block.reduce((product, size) => product * size, 1);
    const { getReshaped, getPermuted, getReshapedPermuted } = tf.backend_util;
    const apart = graph.reshape(x, getReshaped([...x.shape], block, count, false));
    const moved = graph.transpose(apart, getPermuted(apart.shape.length, block.length, false));
    return graph.reshape(moved, getReshapedPermuted([...x.shape], block, count, false));
  },
  BatchToSpaceND: (call) => {
    const { graph, attributes } = call;
    const { blockShape: block, crops } = attributes as { blockShape: number[]; crops: [number, number][] };
    const x = need(call, 'x');
    const count = block.reduce((product, size) => product * size, 1);
    const { getReshaped, getPermuted, getReshapedPermuted } = tf.backend_util;
    const apart = graph.reshape(x, getReshaped([...x.shape], block, count));
    const moved = graph.transpose(apart, getPermuted(apart.shape.length, block.length));
    const whole = graph.reshape(moved, getReshapedPermuted([...x.shape], block, count));
    const cropped = (axis: number) => crops[axis - 1] ?? [0, 0];
    return graph.slice(
      whole,
      whole.shape.map((_, axis) => cropped(axis)[0]),
      whole.shape.map((size, axis) => size - cropped(axis)[0] - cropped(axis)[1]),
    );
  },
};
