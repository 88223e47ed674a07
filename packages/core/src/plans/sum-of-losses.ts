import * as tf from '@tensorflow/tfjs';
import { defineLossWeighting } from '../contracts/loss-weighting.js';
import { describeFactory } from '../options/describe-part.js';

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
export const sumOfLosses = describeFactory(
  'loss-weighting',
  { name: 'sum-of-losses', summary: 'Adds the losses of all tasks.', options: {} },
  () =>
    defineLossWeighting({
      name: 'sum-of-losses',
      scale: 'paper',
      bind: () => ({ scalarize: (losses) => tf.sum(losses) as tf.Scalar }),
    }),
);
