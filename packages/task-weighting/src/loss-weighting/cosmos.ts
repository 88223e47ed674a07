import { describePart, extend, number, stopGradient, withDefault } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { measuredByRay, preferenceFeeds, preferenceOptions } from '../preference.js';

/** Keeps the length of a vector of zeros differentiable. */
const epsilon = 1e-30;
/** Losses that are all below it have no angle. */
const smallest = 1e-30;

/**
 * The loss of COSMOS: a weighted sum, and the angle between the losses and the preference.
 *
 * $$ L = \sum_k r_k \ell_k - \lambda \frac{r \cdot \ell}{\lVert r \rVert\, \lVert \ell \rVert}, \qquad
 * \ell_k = L_k - z_k $$
 *
 * where
 * - L_k `[K]` are the tasks' losses of the batch, and z_k ideal losses, 0 in the paper,
 * - r_k, the preference, sums to 1,
 * - λ says how close the losses are to lie to the ray along r.
 *
 * Shapes: losses `[K]` → a loss `[]`.
 *
 * @remarks This is the loss for one preference. COSMOS proper draws r anew for every batch and shows it to the network
 * as a further input. Weights may be negative: a task that is too good for its preference is pushed back.
 * @example
 * ```ts
 * import { balanceLosses } from '@polytask/core';
 * import { cosmos } from '@polytask/task-weighting';
 * import * as tf from '@tensorflow/tfjs';
 *
 * const balance = balanceLosses(cosmos({ lambda: 5, scale: 'paper' }), ['a', 'b']);
 * balance.loss([tf.scalar(3), tf.scalar(4)]);
 * console.log([...balance.weights().dataSync()].map((weight) => weight.toFixed(3))); // => [ '0.387', '0.585' ]
 * balance.dispose();
 * ```
 */
export const cosmos = /* @__PURE__ */ describePart('loss-weighting', {
  name: 'cosmos',
  summary: 'Adds to a weighted sum the angle between losses and preference.',
  cites: [
    {
      authors: 'M. Ruchte and J. Grabocka',
      title: 'Scalable Pareto front approximation for deep multi-objective learning',
      venue: 'ICDM',
      year: 2021,
      url: 'https://arxiv.org/abs/2103.13392',
      note: 'The loss, with one preference for the whole run.',
    },
  ],
  options: extend(preferenceOptions, {
    lambda: withDefault(number({ from: 0 }), 2, 'λ: how much the angle matters.', 'paper, Multi-MNIST'),
  }),
  make: ({ lambda, ...options }) => ({
    bind({ tasks }) {
      const feeds = preferenceFeeds(tasks, options);
      return {
        feeds: () => feeds,
        scalarize(losses, active, fed) {
          const { measured, ray } = measuredByRay(losses, active, fed);
          const largest = stopGradient(tf.max(tf.abs(measured)));
          // The angle is that of losses of any size; squares of very large or very small ones are no numbers of float32.
          const inUnits = tf.div(measured, tf.maximum(largest, smallest));
          const cosine = tf.div(tf.div(tf.sum(tf.mul(ray, inUnits)), lengthOf(inUnits)), lengthOf(ray));
          // A vector of zeros has no angle, and a slope without bound beside it.
          const angle = tf.where(tf.greaterEqual(largest, smallest), cosine, 0);
          return tf.sub(tf.sum(tf.mul(ray, measured)), tf.mul(angle, lambda));
        },
      };
    },
  }),
});

function lengthOf(vector: tf.Tensor): tf.Tensor {
  return tf.sqrt(tf.add(tf.sum(tf.square(vector)), epsilon));
}
