import * as tf from '@tensorflow/tfjs';
import { defineLossWeighting, type LossWeighting } from '../contracts/loss-weighting.js';

/**
 * What a trainer does without a balancing strategy: every task counts the same.
 *
 * $$ L = \sum_k L_k $$
 *
 * @example
 * ```ts
 * import { sumOfLosses } from '@polytask/core';
 *
 * console.log(sumOfLosses().kind); // => loss-weighting
 * ```
 */
export function sumOfLosses(): LossWeighting {
  return defineLossWeighting({
    name: 'sum-of-losses',
    scale: 'paper',
    bind: () => ({ scalarize: (losses) => tf.sum(losses) as tf.Scalar }),
  });
}
