import { describePart } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { logLosses } from '../log-losses.js';

/**
 * Geometric mean of the losses (GLS).
 *
 * $$ L = \Big( \prod_k L_k \Big)^{1/K'}, \qquad w_k = \frac{L}{K' L_k} $$
 *
 * where
 * - L_k `[K]` are the tasks' losses of the batch, none of them negative,
 * - K' is the number of tasks present.
 *
 * Shapes: losses `[K]` → a loss `[]`.
 *
 * @remarks Computed as the exponential of the mean logarithm, so that many small losses do not underflow. A loss of 0
 * makes the product 0: it has weight 0, and under `scale: 'paper'` the others weigh next to nothing.
 * @throws `POLYTASK_LOSS_TOO_LOW` for negative losses.
 * @example
 * ```ts
 * import { balanceLosses } from '@polytask/core';
 * import { geometricMean } from '@polytask/task-weighting';
 * import * as tf from '@tensorflow/tfjs';
 *
 * const balance = balanceLosses(geometricMean({ scale: 'paper' }), ['a', 'b']);
 * balance.loss([tf.scalar(1), tf.scalar(4)]);
 * console.log([...balance.weights().dataSync()].map((weight) => weight.toFixed(3))); // => [ '1.000', '0.250' ]
 * balance.dispose();
 * ```
 */
export const geometricMean = /* @__PURE__ */ describePart('loss-weighting', {
  name: 'geometric-mean',
  summary: 'Takes the geometric mean of the losses.',
  cites: [
    {
      authors: 'S. Chennupati, G. Sistu, S. Yogamani and S. A. Rawashdeh',
      title: 'MultiNet++: multi-stream feature aggregation and geometric loss strategy for multi-task learning',
      venue: 'CVPR Workshops',
      year: 2019,
      url: 'https://arxiv.org/abs/1904.08492',
    },
  ],
  options: {},
  make: () => ({
    leastLoss: 0,
    bind: () => ({
      scalarize: (losses, active) => tf.exp(tf.div(tf.sum(logLosses(losses, active)), tf.sum(active))),
    }),
  }),
});
