import * as tf from '@tensorflow/tfjs';
import { defineOptimizer, type Optimizer } from '../contracts/optimizer.js';
import { requireOption } from '../errors/invalid-option-error.js';
import { commonOptions, type OptimizerOptions, requireFraction } from './optimizer-options.js';

/** Options of {@link rmsProp}. */
export interface RmsPropOptions extends OptimizerOptions {
  /** Decay ρ of the mean square, default 0.9 (lecture; PyTorch calls it alpha with 0.99). */
  readonly rho?: number;
  /** Added to the root, default 1e-8 (as PyTorch). */
  readonly epsilon?: number;
}

/**
 * RMSProp.
 *
 * $$ v \leftarrow \rho v + (1-\rho) g^2, \qquad \theta \leftarrow \theta - \eta\, g / (\sqrt{v} + \epsilon) $$
 *
 * @param options - `learningRate` η default 1e-3 (lecture), `rho`, `epsilon`.
 * @throws `POLYTASK_INVALID_OPTION`
 * @see T. Tieleman and G. Hinton, Lecture 6.5 of "Neural Networks for Machine Learning", 2012
 * @example
 * ```ts
 * import { rmsProp } from '@polytask/core';
 *
 * console.log(rmsProp().slots); // => [ 'meanSquare' ]
 * ```
 */
export function rmsProp(options: RmsPropOptions = {}): Optimizer {
  const { rho = 0.9, epsilon = 1e-8, ...rest } = options;
  requireFraction('rho', rho);
  requireOption(epsilon > 0, 'epsilon', 'a positive number', epsilon);
  const common = commonOptions(rest, 1e-3);
  return defineOptimizer({
    name: 'rms-prop',
    ...common,
    options: { ...common.options, rho, epsilon },
    slots: ['meanSquare'],
    factors: () => ({}),
    update({ values, gradient, slots, factors }) {
      const meanSquare = tf.add(tf.mul(slots.meanSquare as tf.Tensor, rho), tf.mul(tf.square(gradient), 1 - rho));
      const step = tf.div(gradient, tf.add(tf.sqrt(meanSquare), epsilon));
      return { values: tf.sub(values, tf.mul(step, factors.learningRate as tf.Tensor)), slots: { meanSquare } };
    },
  });
}
