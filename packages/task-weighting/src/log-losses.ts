import * as tf from '@tensorflow/tfjs';

/** Below it a loss counts as this, and has no gradient: 1/L stays a float32. */
export const smallestLoss = 1e-20;

/**
 * Logarithms of the losses `[K]`; 0 for absent tasks. A loss of exactly 0 has a finite one and no gradient: there is nothing left to
 * learn of that batch.
 */
export function logLosses(losses: tf.Tensor1D, active: tf.Tensor1D): tf.Tensor {
  // log 1 = 0 for absent tasks.
  return tf.log(tf.maximum(tf.add(losses, tf.sub(1, active)), smallestLoss));
}
