import { stopGradient } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';

/** Absolute values, whose slope at 0 is 0. That of `tf.abs` is −1 there, which prefers one of two tasks that are alike. */
export function absolute(values: tf.Tensor): tf.Tensor {
  return tf.mul(values, stopGradient(tf.sign(values)));
}
