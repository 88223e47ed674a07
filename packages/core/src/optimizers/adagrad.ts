import * as tf from '@tensorflow/tfjs';
import { describePart } from '../options/describe-part.js';
import { extend, type OptionsOf } from '../options/option.js';
import { commonOptions, epsilonOption } from './optimizer-options.js';

const options = extend(commonOptions(0.01, 'PyTorch'), { epsilon: epsilonOption(1e-10, 'PyTorch') });

/** Options of {@link adagrad}. */
export type AdagradOptions = OptionsOf<typeof options>;

/**
 * Adagrad.
 *
 * $$ s \leftarrow s + g^2, \qquad \theta \leftarrow \theta - \eta\, g / (\sqrt{s} + \epsilon) $$
 *
 * @throws `POLYTASK_INVALID_OPTION`
 * @example
 * ```ts
 * import { adagrad } from '@polytask/core';
 *
 * console.log(adagrad().slots); // => [ 'sumOfSquares' ]
 * ```
 */
export const adagrad = describePart('optimizer', {
  name: 'adagrad',
  summary: 'Adagrad.',
  cites: [
    {
      authors: 'J. Duchi, E. Hazan and Y. Singer',
      title: 'Adaptive subgradient methods for online learning and stochastic optimization',
      venue: 'JMLR 12',
      year: 2011,
      url: 'https://jmlr.org/papers/v12/duchi11a.html',
    },
  ],
  options,
  make: ({ epsilon, ...given }) => ({
    ...given,
    decay: 0,
    slots: ['sumOfSquares'],
    factors: () => ({}),
    update({ values, gradient, slots, factors }) {
      const sumOfSquares = tf.add(slots.sumOfSquares as tf.Tensor, tf.square(gradient));
      const step = tf.div(gradient, tf.add(tf.sqrt(sumOfSquares), epsilon));
      return { values: tf.sub(values, tf.mul(step, factors.learningRate as tf.Tensor)), slots: { sumOfSquares } };
    },
  }),
});
