import * as tf from '@tensorflow/tfjs';
import type { InputSpec } from '../contracts/batch.js';
import { sizeOf } from '../contracts/tensors.js';
import type { BuiltLayer } from './layer.js';

/**
 * Makes one vector of each row, as float32. Of no effect on rows that are float32 vectors already.
 *
 * Shapes: `[rows, a, b, ...]` → `[rows, a·b·...]`; `[rows]` → `[rows, 1]`.
 *
 * @param input What comes in.
 * @example
 * ```ts
 * import { buildFlatten } from '@polytask/core';
 *
 * buildFlatten({ shape: [28, 28], dtype: 'float32' }).output.shape; // => [784]
 * ```
 */
export function buildFlatten(input: InputSpec): BuiltLayer {
  const size = sizeOf(input.shape);
  return {
    output: { shape: [size], dtype: 'float32' },
    apply(x) {
      const numbers = asFloat(x);
      return numbers.rank === 2 ? numbers : tf.reshape(numbers, [x.shape[0] as number, size]);
    },
  };
}

/** `x` as float32; itself if it is already. */
export function asFloat(x: tf.Tensor): tf.Tensor {
  return x.dtype === 'float32' ? x : tf.cast(x, 'float32');
}
