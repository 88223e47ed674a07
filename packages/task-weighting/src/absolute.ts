import { stopGradient } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';

/** What differences of float32 may be off by, as a share of what they are differences of. */
const rounding = 2 ** -20;

/**
 * Absolute values, whose slope at 0 is 0. That of `tf.abs` is −1 there, which prefers one of two tasks that are alike.
 *
 * @param size Of what the values are differences of: by rounding they may miss 0. Default 0.
 */
export function absolute(values: tf.Tensor, size: tf.Tensor | number = 0): tf.Tensor {
  const constant = stopGradient(values);
  const apart = tf.greater(tf.abs(constant), stopGradient(tf.mul(size, rounding)));
  return tf.mul(values, tf.where(apart, tf.sign(constant), 0));
}
