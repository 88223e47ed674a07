import { describePart, extend, number, stopGradient, withDefault } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { measuredByRay, preferenceFeeds, preferenceOptions } from '../preference.js';

/** Rounds off the kink at d₂ = 0. */
const epsilon = 1e-12;
/** No less than this share of the squared losses: below it differences of float32 are rounding. */
const smallest = 1e-14;

/**
 * Penalty-based boundary intersection (PBI): how far along the ray of the preference the losses are, and how far beside
 * it.
 *
 * $$ L = d_1 + \theta d_2, \qquad d_1 = (L - z) \cdot u, \qquad
 * d_2 = \sqrt{\lVert L - z - d_1 u \rVert^2 + 10^{-12}}, \qquad
 * u = \frac{r}{\lVert r \rVert} $$
 *
 * where
 * - L_k `[K]` are the tasks' losses of the batch, and z_k ideal losses,
 * - r, the preference, points from z to where on the front the optimum is to lie,
 * - θ says how much lying beside the ray costs.
 *
 * Shapes: losses `[K]` → a loss `[]`.
 *
 * @remarks Weights may be negative: a task that is too good for its preference is pushed back towards the ray.
 * @example
 * ```ts
 * import { balanceLosses } from '@polytask/core';
 * import { pbi } from '@polytask/task-weighting';
 * import * as tf from '@tensorflow/tfjs';
 *
 * const balance = balanceLosses(pbi({ scale: 'paper' }), ['a', 'b']);
 * balance.loss([tf.scalar(1), tf.scalar(3)]);
 * console.log([...balance.weights().dataSync()].map((weight) => weight.toFixed(3))); // => [ '-2.828', '4.243' ]
 * balance.dispose();
 * ```
 */
export const pbi = /* @__PURE__ */ describePart('loss-weighting', {
  name: 'pbi',
  summary: 'Minimises how far the losses are along a preference, and how far beside it.',
  cites: [
    {
      authors: 'Q. Zhang and H. Li',
      title: 'MOEA/D: a multiobjective evolutionary algorithm based on decomposition',
      venue: 'IEEE Transactions on Evolutionary Computation',
      year: 2007,
      url: 'https://doi.org/10.1109/TEVC.2007.892759',
    },
  ],
  options: extend(preferenceOptions, {
    theta: withDefault(number({ from: 0 }), 5, 'θ: what lying beside the ray costs.', 'paper'),
  }),
  make: ({ theta, ...options }) => ({
    bind({ tasks }) {
      const feeds = preferenceFeeds(tasks, options);
      return {
        feeds: () => feeds,
        scalarize(losses, active, fed) {
          const { measured, ray } = measuredByRay(losses, active, fed);
          // Preferences of the tasks present may all be 0.
          const unit = tf.div(ray, tf.sqrt(tf.maximum(tf.sum(tf.square(ray)), epsilon)));
          // In units of the largest loss above 1: squares of losses may be too large for float32.
          const size = stopGradient(tf.maximum(tf.max(tf.abs(measured)), 1));
          const inUnits = tf.div(measured, size);
          const along = tf.sum(tf.mul(inUnits, unit));
          const beside = tf.sub(inUnits, tf.mul(unit, along));
          const round = tf.maximum(tf.div(tf.div(epsilon, size), size), smallest);
          const distance = tf.sqrt(tf.add(tf.sum(tf.square(beside)), round));
          return tf.mul(tf.add(along, tf.mul(distance, theta)), size);
        },
      };
    },
  }),
});
