import * as tf from '@tensorflow/tfjs';
import { defineOptimizer, type Optimizer } from '../contracts/optimizer.js';
import { commonOptions, type OptimizerOptions } from './optimizer-options.js';

/**
 * Stochastic gradient descent.
 *
 * $$ \theta \leftarrow \theta - \eta\,g $$
 *
 * @param options - `learningRate` η, default 0.01 (as Keras), and what all optimizers have.
 * @throws `POLYTASK_INVALID_OPTION`
 * @example
 * ```ts
 * import { sgd } from '@polytask/core';
 *
 * console.log(sgd({ learningRate: 0.1 }).learningRate); // => 0.1
 * ```
 */
export function sgd(options: OptimizerOptions = {}): Optimizer {
  return defineOptimizer({
    name: 'sgd',
    ...commonOptions(options, 0.01),
    slots: [],
    factors: () => ({}),
    update: ({ values, gradient, factors }) => ({
      values: tf.sub(values, tf.mul(gradient, factors.learningRate as tf.Tensor)),
      slots: {},
    }),
  });
}
