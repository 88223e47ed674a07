import * as tf from '@tensorflow/tfjs';
import { describePart } from '../options/describe-part.js';
import { extend, type OptionsOf, withDefault } from '../options/option.js';
import { flag, number } from '../options/takes.js';
import { commonOptions } from './optimizer-options.js';

const options = extend(commonOptions(0.01, 'Keras'), {
  momentum: withDefault(number({ from: 0, below: 1 }), 0.9, 'Share of the velocity that stays, μ.'),
  nesterov: withDefault(flag(), false, 'Look ahead by one velocity.'),
});

/** Options of {@link momentum}. */
export type MomentumOptions = OptionsOf<typeof options>;

/**
 * Gradient descent with momentum.
 *
 * $$ v \leftarrow \mu v + g, \qquad \theta \leftarrow \theta - \eta\,v $$
 *
 * With `nesterov` the step is $\eta\,(g + \mu v)$.
 *
 * @throws `POLYTASK_INVALID_OPTION`
 * @example
 * ```ts
 * import { momentum } from '@polytask/core';
 *
 * console.log(momentum({ learningRate: 0.05 }).slots); // => [ 'velocity' ]
 * ```
 */
export const momentum = describePart('optimizer', {
  name: 'momentum',
  summary: 'Gradient descent with momentum.',
  cites: [
    {
      authors: 'B. T. Polyak',
      title: 'Some methods of speeding up the convergence of iteration methods',
      venue: 'USSR Computational Mathematics and Mathematical Physics 4',
      year: 1964,
      url: 'https://doi.org/10.1016/0041-5553(64)90137-5',
    },
    {
      authors: 'Y. Nesterov',
      title: 'A method for solving the convex programming problem with convergence rate O(1/k²)',
      venue: 'Doklady Akademii Nauk SSSR 269',
      year: 1983,
      url: 'https://www.mathnet.ru/eng/dan46009',
      note: '`nesterov: true`.',
    },
  ],
  options,
  make: ({ momentum: mu, nesterov, ...given }) => ({
    ...given,
    decay: 0,
    slots: ['velocity'],
    factors: () => ({}),
    update({ values, gradient, slots, factors }) {
      const velocity = tf.add(tf.mul(slots.velocity as tf.Tensor, mu), gradient);
      const step = nesterov ? tf.add(gradient, tf.mul(velocity, mu)) : velocity;
      return { values: tf.sub(values, tf.mul(step, factors.learningRate as tf.Tensor)), slots: { velocity } };
    },
  }),
});
