import * as tf from '@tensorflow/tfjs';

/**
 * What a task takes of the experts, row by row: Σ_k g_k E_k.
 *
 * @param experts `[rows, n, ...features]`.
 * @param shares g `[rows, n]`.
 * @returns `[rows, ...features]`.
 */
export function mixExperts(experts: tf.Tensor, shares: tf.Tensor): tf.Tensor {
  const [rows = 0, n = 0, ...features] = experts.shape;
  const flat = tf.reshape(experts, [rows, n, -1]) as tf.Tensor3D;
  const mixed = tf.matMul(tf.reshape(shares, [rows, 1, n]) as tf.Tensor3D, flat);
  return tf.reshape(mixed, [rows, ...features]);
}
