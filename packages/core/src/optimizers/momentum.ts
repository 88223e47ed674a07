import * as tf from '@tensorflow/tfjs';
import { defineOptimizer, type Optimizer } from '../contracts/optimizer.js';
import { commonOptions, type OptimizerOptions, requireFraction } from './optimizer-options.js';

/** Options of {@link momentum}. */
export interface MomentumOptions extends OptimizerOptions {
  /** μ, default 0.9. */
  readonly momentum?: number;
  /** Looks ahead by one velocity (Nesterov 1983). Default false. */
  readonly nesterov?: boolean;
}

/**
 * Gradient descent with momentum.
 *
 * $$ v \leftarrow \mu v + g, \qquad \theta \leftarrow \theta - \eta\,v $$
 *
 * With `nesterov` the step is $\eta\,(g + \mu v)$.
 *
 * @param options - `learningRate` η default 0.01, `momentum` μ default 0.9.
 * @throws `POLYTASK_INVALID_OPTION`
 * @see B. T. Polyak, "Some methods of speeding up the convergence of iteration methods", USSR Computational Mathematics 1964
 * @example
 * ```ts
 * import { momentum } from '@polytask/core';
 *
 * console.log(momentum({ learningRate: 0.05 }).slots); // => [ 'velocity' ]
 * ```
 */
export function momentum(options: MomentumOptions = {}): Optimizer {
  const { momentum: mu = 0.9, nesterov = false, ...rest } = options;
  requireFraction('momentum', mu);
  const common = commonOptions(rest, 0.01);
  return defineOptimizer({
    name: 'momentum',
    ...common,
    options: { ...common.options, momentum: mu, nesterov },
    slots: ['velocity'],
    factors: () => ({}),
    update({ values, gradient, slots, factors }) {
      const velocity = tf.add(tf.mul(slots.velocity as tf.Tensor, mu), gradient);
      const step = nesterov ? tf.add(gradient, tf.mul(velocity, mu)) : velocity;
      return { values: tf.sub(values, tf.mul(step, factors.learningRate as tf.Tensor)), slots: { velocity } };
    },
  });
}
