import * as tf from '@tensorflow/tfjs';

/**
 * The slices of a tensor along an axis, with a gradient also where there is one alone: that of `tf.unstack` throws
 * there.
 *
 * Shapes: `[..., n, ...]` → n times the same without that axis.
 *
 * @param x Any dtype.
 * @param axis From the back where it is negative. Default 0.
 * @example
 * ```ts
 * import { unstack } from '@polytask/core';
 * import * as tf from '@tensorflow/tfjs';
 *
 * const slope = tf.grad((x) => tf.addN(unstack(x).map((row) => tf.sum(tf.square(row)))));
 * console.log(slope(tf.tensor2d([[1, 3]])).arraySync()); // => [ [ 2, 6 ] ]
 * ```
 */
export function unstack(x: tf.Tensor, axis = 0): tf.Tensor[] {
  const at = axis < 0 ? x.rank + axis : axis;
  return x.shape[at] === 1 ? [tf.squeeze(x, [at])] : tf.unstack(x, at);
}
