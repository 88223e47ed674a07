import { unstack } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';

/**
 * What a task takes of the experts, row by row: Σ_k g_k E_k.
 *
 * @param experts `[rows, n, ...features]`.
 * @param shares g `[rows, n]`.
 * @returns `[rows, ...features]`.
 */
export function mixExperts(experts: tf.Tensor, shares: tf.Tensor): tf.Tensor {
  return mixForTasks(experts, [shares])[0] as tf.Tensor;
}

/** {@link mixExperts} for several tasks that have the same experts, as one batched product. */
export function mixForTasks(experts: tf.Tensor, shares: readonly tf.Tensor[]): tf.Tensor[] {
  const [rows = 0, n = 0, ...features] = experts.shape;
  const flat = tf.reshape(experts, [rows, n, -1]) as tf.Tensor3D;
  const mixed = tf.matMul(tf.stack([...shares], 1) as tf.Tensor3D, flat);
  return unstack(mixed, 1).map((one) => tf.reshape(one, [rows, ...features]));
}
