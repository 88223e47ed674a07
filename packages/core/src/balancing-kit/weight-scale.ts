import * as tf from '@tensorflow/tfjs';
import type { WeightScale } from '../contracts/loss-weighting.js';

/** Weights that do not sum to something positive have no scale to speak of. */
const smallestSum = 1e-12;

/**
 * The rule of {@link WeightScale} on the host: `'tasks'` rescales weights so that they sum to their number, and leaves alone those
 * whose sum is not positive.
 *
 * $$ w \leftarrow K' \frac{w}{\sum_k w_k} $$
 *
 * @param weights Of the tasks present `[K']`. They are not changed.
 * @param scale Default `'tasks'`; `'paper'` gives them back as they are.
 * @example
 * ```ts
 * import { scaleWeights } from '@polytask/core';
 *
 * scaleWeights([0.25, 0.75]); // => Float64Array(2) [ 0.5, 1.5 ]
 * ```
 */
export function scaleWeights(weights: ArrayLike<number>, scale: WeightScale = 'tasks'): Float64Array {
  const found = Float64Array.from(weights);
  const total = found.reduce((sum, weight) => sum + weight, 0);
  return scale === 'paper' || total <= smallestSum ? found : found.map((weight) => (weight * found.length) / total);
}

/**
 * {@link scaleWeights} in tfjs, for aggregations, which scale themselves.
 *
 * Shapes: `[K]` and `[K]` → `[K]`.
 *
 * @param weights 0 for tasks that are absent.
 * @param active 1 for tasks that are present, else 0.
 * @example
 * ```ts
 * import { scaleWeightTensor } from '@polytask/core';
 * import * as tf from '@tensorflow/tfjs';
 *
 * scaleWeightTensor(tf.tensor1d([0.25, 0, 0.75]), tf.tensor1d([1, 0, 1])).arraySync(); // => [0.5, 0, 1.5]
 * ```
 */
export function scaleWeightTensor(weights: tf.Tensor1D, active: tf.Tensor1D): tf.Tensor1D {
  const total = tf.sum(weights);
  const known = tf.greater(total, smallestSum);
  return tf.mul(weights, tf.where(known, tf.div(tf.sum(active), tf.where(known, total, 1)), 1));
}
