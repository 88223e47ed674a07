import { describePart, extend, number, stopGradient, withDefault } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { absolute } from '../absolute.js';
import { preferenceFeeds, preferenceIn, preferenceOptions } from '../preference.js';

/** A norm below it counts as 0, with no gradient. */
const smallest = 1e-20;

/**
 * p-norm scalarisation: between the sum of the losses and their maximum.
 *
 * $$ L = \Big( \sum_k (r_k \lvert L_k - z_k \rvert)^p \Big)^{1/p} $$
 *
 * where
 * - L_k `[K]` are the tasks' losses of the batch,
 * - r_k, the preference, sums to 1, and z_k are ideal losses,
 * - p = 1 is the weighted sum; for p → ∞ it becomes the Tchebycheff scalarisation.
 *
 * Shapes: losses `[K]` → a loss `[]`.
 *
 * @remarks Computed relative to the largest summand, so that no power overflows. A loss below its ideal is pushed up to
 * it.
 * @example
 * ```ts
 * import { balanceLosses } from '@polytask/core';
 * import { pNorm } from '@polytask/task-weighting';
 * import * as tf from '@tensorflow/tfjs';
 *
 * const balance = balanceLosses(pNorm({ scale: 'paper' }), ['a', 'b']);
 * console.log(balance.loss([tf.scalar(6), tf.scalar(8)]).dataSync()[0]?.toFixed(3)); // => 5.000
 * console.log([...balance.weights().dataSync()].map((weight) => weight.toFixed(3))); // => [ '0.300', '0.400' ]
 * balance.dispose();
 * ```
 */
export const pNorm = /* @__PURE__ */ describePart('loss-weighting', {
  name: 'p-norm',
  summary: 'Minimises a p-norm of the losses: between their sum and their maximum.',
  cites: [
    {
      authors: 'K. Miettinen',
      title: 'Nonlinear multiobjective optimization',
      venue: 'Springer',
      year: 1999,
      url: 'https://doi.org/10.1007/978-1-4615-5563-6',
      note: 'Its method of weighted metrics.',
    },
  ],
  options: extend(preferenceOptions, {
    p: withDefault(number({ from: 1 }), 2, 'The power: 1 for the sum; the larger, the more the worst task counts.'),
  }),
  make: ({ p, ...options }) => ({
    bind({ tasks }) {
      const feeds = preferenceFeeds(tasks, options);
      return {
        feeds: () => feeds,
        scalarize(losses, active, fed) {
          const { preference, ideal } = preferenceIn(fed);
          const sizes = tf.mul(tf.mul(absolute(tf.sub(losses, ideal)), preference), active);
          const largest = stopGradient(tf.maximum(tf.max(sizes), smallest));
          const powers = tf.sum(tf.pow(tf.div(sizes, largest), p));
          return tf.mul(tf.pow(tf.maximum(powers, smallest), 1 / p), largest);
        },
      };
    },
  }),
});
