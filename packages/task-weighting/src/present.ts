import * as tf from '@tensorflow/tfjs';

/** Far below any number that is compared with others, and no infinity. */
const least = -1e30;

/** Values `[K]` of the tasks present; those of absent tasks lie below all. */
export function belowWhereAbsent(values: tf.Tensor, active: tf.Tensor1D): tf.Tensor {
  return tf.where(tf.greater(active, 0.5), values, least);
}

/** Softmax `[K]` over the tasks present; 0 for absent tasks. */
export function presentSoftmax(logits: tf.Tensor, active: tf.Tensor1D): tf.Tensor {
  return tf.mul(tf.softmax(belowWhereAbsent(logits, active)), active);
}
