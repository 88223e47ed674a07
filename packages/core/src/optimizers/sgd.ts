import * as tf from '@tensorflow/tfjs';
import { describePart } from '../options/describe-part.js';
import { commonOptions } from './optimizer-options.js';

/**
 * Stochastic gradient descent.
 *
 * $$ \theta \leftarrow \theta - \eta\,g $$
 *
 * @throws `POLYTASK_INVALID_OPTION`
 * @example
 * ```ts
 * import { sgd } from '@polytask/core';
 *
 * console.log(sgd({ learningRate: 0.1 }).learningRate); // => 0.1
 * ```
 */
export const sgd = describePart('optimizer', {
  name: 'sgd',
  summary: 'Stochastic gradient descent.',
  options: commonOptions(0.01, 'Keras'),
  make: (given) => ({
    ...given,
    decay: 0,
    slots: [],
    factors: () => ({}),
    update: ({ values, gradient, factors }) => ({
      values: tf.sub(values, tf.mul(gradient, factors.learningRate as tf.Tensor)),
      slots: {},
    }),
  }),
});
