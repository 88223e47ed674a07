import * as tf from '@tensorflow/tfjs';
import { describePart } from '../options/describe-part.js';
import { extend, type OptionsOf, withDefault } from '../options/option.js';
import { number } from '../options/takes.js';
import { commonOptions, epsilonOption } from './optimizer-options.js';

const options = extend(commonOptions(1e-3, 'lecture'), {
  rho: withDefault(number({ from: 0, below: 1 }), 0.9, 'Decay of the mean square, ρ.', 'lecture'),
  epsilon: epsilonOption(1e-8, 'PyTorch'),
});

/** Options of {@link rmsProp}. */
export type RmsPropOptions = OptionsOf<typeof options>;

/**
 * RMSProp.
 *
 * $$ v \leftarrow \rho v + (1-\rho) g^2, \qquad \theta \leftarrow \theta - \eta\, g / (\sqrt{v} + \epsilon) $$
 *
 * @remarks PyTorch calls ρ alpha, with 0.99.
 * @throws `POLYTASK_INVALID_OPTION`
 * @example
 * ```ts
 * import { rmsProp } from '@polytask/core';
 *
 * console.log(rmsProp().slots); // => [ 'meanSquare' ]
 * ```
 */
export const rmsProp = describePart('optimizer', {
  name: 'rms-prop',
  summary: 'RMSProp.',
  cites: [
    {
      authors: 'T. Tieleman and G. Hinton',
      title: 'Neural networks for machine learning, lecture 6.5',
      venue: 'Coursera',
      year: 2012,
      url: 'https://www.cs.toronto.edu/~tijmen/csc321/slides/lecture_slides_lec6.pdf',
    },
  ],
  options,
  make: ({ rho, epsilon, ...given }) => ({
    ...given,
    decay: 0,
    slots: ['meanSquare'],
    factors: () => ({}),
    update({ values, gradient, slots, factors }) {
      const meanSquare = tf.add(tf.mul(slots.meanSquare as tf.Tensor, rho), tf.mul(tf.square(gradient), 1 - rho));
      const step = tf.div(gradient, tf.add(tf.sqrt(meanSquare), epsilon));
      return { values: tf.sub(values, tf.mul(step, factors.learningRate as tf.Tensor)), slots: { meanSquare } };
    },
  }),
});
