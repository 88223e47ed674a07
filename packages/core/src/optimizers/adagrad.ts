import * as tf from '@tensorflow/tfjs';
import { defineOptimizer, type Optimizer } from '../contracts/optimizer.js';
import { requireOption } from '../errors/invalid-option-error.js';
import { commonOptions, type OptimizerOptions } from './optimizer-options.js';

/** Options of {@link adagrad}. */
export interface AdagradOptions extends OptimizerOptions {
  /** Added to the root, default 1e-10 (as PyTorch). */
  readonly epsilon?: number;
}

/**
 * Adagrad.
 *
 * $$ s \leftarrow s + g^2, \qquad \theta \leftarrow \theta - \eta\, g / (\sqrt{s} + \epsilon) $$
 *
 * @param options - `learningRate` η default 0.01 (as PyTorch), `epsilon`.
 * @throws `POLYTASK_INVALID_OPTION`
 * @see J. Duchi, E. Hazan and Y. Singer, "Adaptive Subgradient Methods for Online Learning and Stochastic Optimization", JMLR 2011
 * @example
 * ```ts
 * import { adagrad } from '@polytask/core';
 *
 * console.log(adagrad().slots); // => [ 'sumOfSquares' ]
 * ```
 */
export function adagrad(options: AdagradOptions = {}): Optimizer {
  const { epsilon = 1e-10, ...rest } = options;
  requireOption(epsilon > 0, 'epsilon', 'a positive number', epsilon);
  const common = commonOptions(rest, 0.01);
  return defineOptimizer({
    name: 'adagrad',
    ...common,
    options: { ...common.options, epsilon },
    slots: ['sumOfSquares'],
    factors: () => ({}),
    update({ values, gradient, slots, factors }) {
      const sumOfSquares = tf.add(slots.sumOfSquares as tf.Tensor, tf.square(gradient));
      const step = tf.div(gradient, tf.add(tf.sqrt(sumOfSquares), epsilon));
      return { values: tf.sub(values, tf.mul(step, factors.learningRate as tf.Tensor)), slots: { sumOfSquares } };
    },
  });
}
