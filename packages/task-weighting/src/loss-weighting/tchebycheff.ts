import { choice, describePart, extend, number, requireOption, stopGradient, withDefault } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { preferenceFeeds, preferenceIn, preferenceOptions } from '../preference.js';
import { belowWhereAbsent } from '../present.js';

/**
 * Tchebycheff scalarisation: the worst task counts alone.
 *
 * $$ L = \max_k r_k (L_k - z_k) + \rho \sum_k r_k (L_k - z_k) \ \text{(plain)}, \qquad
 * \max_k \frac{L_k - z_k}{r_k} + \rho \sum_k \frac{L_k - z_k}{r_k} \ \text{(modified)} $$
 *
 * where
 * - L_k `[K]` are the tasks' losses of the batch,
 * - r_k, the preference, sums to 1, and z_k are ideal losses: every point of a Pareto front, of a concave one too, is
 *   the optimum for some r,
 * - ρ > 0 is the augmented form, which leaves out points that are only weakly optimal.
 *
 * Shapes: losses `[K]` → a loss `[]`.
 *
 * @remarks Where several tasks are equally bad, each has an equal part of the weight: a subgradient. Under the modified
 * form r points to where on the front the optimum lies, and no r_k may be 0.
 * @example
 * ```ts
 * import { balanceLosses } from '@polytask/core';
 * import { tchebycheff } from '@polytask/task-weighting';
 * import * as tf from '@tensorflow/tfjs';
 *
 * const balance = balanceLosses(tchebycheff({ preference: { a: 0.75, b: 0.25 }, scale: 'paper' }), ['a', 'b']);
 * balance.loss([tf.scalar(2), tf.scalar(3)]);
 * console.log(balance.weights().dataSync()); // => Float32Array(2) [ 0.75, 0 ]
 * balance.dispose();
 * ```
 */
export const tchebycheff = /* @__PURE__ */ describePart('loss-weighting', {
  name: 'tchebycheff',
  summary: 'Minimises the loss of the task that is worst by a preference.',
  cites: [
    {
      authors: 'R. E. Steuer and E.-U. Choo',
      title: 'An interactive weighted Tchebycheff procedure for multiple objective programming',
      venue: 'Mathematical Programming',
      year: 1983,
      url: 'https://doi.org/10.1007/BF02591870',
    },
  ],
  options: extend(preferenceOptions, {
    form: withDefault(
      choice('plain', 'modified'),
      'plain',
      'Whether differences are multiplied by the preference, or divided by it.',
    ),
    augmentation: withDefault(number({ from: 0 }), 0, 'ρ: how much the sum of all counts besides.'),
  }),
  make: ({ form, augmentation, ...options }) => ({
    bind({ tasks }) {
      const feeds = preferenceFeeds(tasks, options);
      const divides = form === 'modified' && feeds.preference.data.includes(0);
      requireOption(!divides, 'preference', 'above 0 for every task under `form: modified`', options.preference);
      return {
        feeds: () => feeds,
        scalarize(losses, active, fed) {
          const { preference, ideal } = preferenceIn(fed);
          const differences = tf.sub(losses, ideal);
          const measured = form === 'plain' ? tf.mul(differences, preference) : tf.div(differences, preference);
          return tf.add(largest(measured, active), tf.mul(tf.sum(tf.mul(measured, active)), augmentation));
        },
      };
    },
  }),
});

/** The largest of the tasks present; its gradient is shared evenly where there are several. */
function largest(values: tf.Tensor, active: tf.Tensor1D): tf.Tensor {
  const present = stopGradient(belowWhereAbsent(values, active));
  const isLargest = tf.cast(tf.equal(present, tf.max(present)), 'float32');
  return tf.sum(tf.mul(values, tf.div(isLargest, tf.sum(isLargest))));
}
