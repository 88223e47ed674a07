import { describePart } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { logLosses } from '../log-losses.js';

/**
 * Scale-invariant loss: the sum of the logarithms of the losses.
 *
 * $$ L = \sum_k \log L_k, \qquad w_k = \frac{\partial L}{\partial L_k} = \frac{1}{L_k} $$
 *
 * where L_k `[K]` are the tasks' losses of the batch, all above 0. Multiplying a task's loss by a constant changes no
 * gradient.
 *
 * Shapes: losses `[K]` → a loss `[]`.
 *
 * @remarks Tasks without a label in the batch take no part. A loss of 0 has weight 0: there is nothing left to learn of
 * that batch.
 * @throws `POLYTASK_LOSS_TOO_LOW` for negative losses.
 * @example
 * ```ts
 * import { balanceLosses } from '@polytask/core';
 * import { scaleInvariant } from '@polytask/task-weighting';
 * import * as tf from '@tensorflow/tfjs';
 *
 * const balance = balanceLosses(scaleInvariant({ scale: 'paper' }), ['a', 'b']);
 * balance.loss([tf.scalar(2), tf.scalar(4)]);
 * console.log(balance.weights().dataSync()); // => Float32Array(2) [ 0.5, 0.25 ]
 * balance.dispose();
 * ```
 */
export const scaleInvariant = /* @__PURE__ */ describePart('loss-weighting', {
  name: 'scale-invariant',
  summary: 'Adds the logarithms of the losses, so that no task counts more for the unit of its loss.',
  cites: [
    {
      authors: 'A. Navon, A. Shamsian, I. Achituve, H. Maron, K. Kawaguchi, G. Chechik and E. Fetaya',
      title: 'Multi-task learning as a bargaining game',
      venue: 'ICML',
      year: 2022,
      url: 'https://arxiv.org/abs/2202.01017',
      note: 'Its baseline SI.',
    },
  ],
  options: {},
  make: () => ({
    leastLoss: 0,
    bind: () => ({
      scalarize: (losses, active) => tf.sum(logLosses(losses, active)),
    }),
  }),
});
