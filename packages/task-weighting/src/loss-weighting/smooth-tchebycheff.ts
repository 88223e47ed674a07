import { describePart, extend, hostTensor, number, optional, whole, withDefault } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { logLosses } from '../log-losses.js';
import { preferenceFeeds, preferenceIn, preferenceOptions } from '../preference.js';
import { belowWhereAbsent } from '../present.js';

/**
 * Smooth Tchebycheff scalarisation (STCH): a maximum that can be differentiated everywhere.
 *
 * $$ L = \mu \log \sum_k \exp\frac{r_k (L_k - z_k)}{\mu} + \rho \sum_k r_k (L_k - z_k) $$
 *
 * where
 * - L_k `[K]` are the tasks' losses of the batch,
 * - r_k, the preference, sums to 1, and z_k are ideal losses,
 * - μ is the smoothness: towards 0 it becomes the plain maximum, the larger the more even,
 * - ρ > 0 is the augmented form (AASF).
 *
 * With `warmUp: n` the sum of the logarithms of the losses is minimised in the first n epochs. The mean losses
 * $\bar L_k$ of the last of them are then nadirs: from there on $K r_k \log (L_k / \bar L_k)$ is in the place of
 * $r_k (L_k - z_k)$.
 *
 * Shapes: losses `[K]` → a loss `[]`.
 *
 * @remarks Without a warm-up μ is in units of the losses. LibMTL always warms up, takes no preference, and multiplies
 * by K.
 * @throws `POLYTASK_LOSS_TOO_LOW` for negative losses, with a warm-up.
 * @example
 * ```ts
 * import { balanceLosses } from '@polytask/core';
 * import { smoothTchebycheff } from '@polytask/task-weighting';
 * import * as tf from '@tensorflow/tfjs';
 *
 * const balance = balanceLosses(smoothTchebycheff({ scale: 'paper' }), ['a', 'b']);
 * balance.loss([tf.scalar(2), tf.scalar(3)]);
 * console.log([...balance.weights().dataSync()].map((weight) => weight.toFixed(3))); // => [ '0.189', '0.311' ]
 * balance.dispose();
 * ```
 */
export const smoothTchebycheff = /* @__PURE__ */ describePart('loss-weighting', {
  name: 'smooth-tchebycheff',
  summary: 'Minimises a smooth maximum of the losses.',
  cites: [
    {
      authors: 'X. Lin, X. Zhang, Z. Yang, F. Liu, Z. Wang and Q. Zhang',
      title: 'Smooth Tchebycheff scalarization for multi-objective optimization',
      venue: 'ICML',
      year: 2024,
      url: 'https://arxiv.org/abs/2402.19078',
    },
  ],
  options: extend(preferenceOptions, {
    mu: withDefault(number({ above: 0 }), 1, 'μ: the smaller, the more the worst task counts alone.', 'LibMTL'),
    augmentation: withDefault(number({ from: 0 }), 0, 'ρ: how much the sum of all counts besides.'),
    warmUp: optional(whole({ from: 1 }), 'Epochs of the sum of logarithms; LibMTL has 4.'),
  }),
  make: ({ mu, augmentation, warmUp, ...options }) => ({
    leastLoss: warmUp === undefined ? undefined : 0,
    bind({ tasks }) {
      const vectors = preferenceFeeds(tasks, options);
      let nadirs: readonly number[] | null = null;
      return {
        feeds: () => ({
          ...vectors,
          nadirs: hostTensor(nadirs ?? tasks.map(() => 1)),
          warm: hostTensor(warmUp !== undefined && nadirs === null ? 1 : 0),
        }),
        scalarize(losses, active, fed) {
          const { preference, ideal } = preferenceIn(fed);
          const log = () => logLosses(losses, active);
          const measured =
            warmUp === undefined
              ? tf.mul(tf.sub(losses, ideal), preference)
              : tf.mul(tf.sub(log(), tf.log(fed.nadirs as tf.Tensor)), tf.mul(preference, tasks.length));
          const exponents = belowWhereAbsent(tf.div(measured, mu), active);
          const smooth = tf.add(
            tf.mul(tf.logSumExp(exponents), mu),
            tf.mul(tf.sum(tf.mul(measured, active)), augmentation),
          );
          return warmUp === undefined
            ? smooth
            : tf.where(tf.greater(fed.warm as tf.Tensor, 0.5), tf.sum(log()), smooth);
        },
        epochEnd({ epoch, meanLosses }) {
          if (epoch + 1 === warmUp) nadirs = Array.from(meanLosses, (mean) => (mean > 0 ? mean : 1));
        },
        saveState: () => ({ nadirs }),
        loadState(state) {
          nadirs = state.nadirs as typeof nadirs;
        },
        reset() {
          nadirs = null;
        },
      };
    },
  }),
});
