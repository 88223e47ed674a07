import { choice, describePart, number, stopGradient, withDefault } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { smallestLoss } from '../log-losses.js';
import { presentSoftmax } from '../present.js';

/** As in the authors' code: no inverse is larger than 1e8. */
const epsilon = 1e-8;

/**
 * Soft optimal uncertainty weighting (UW-SO): the noise levels of uncertainty weighting at their optimum, through a
 * softmax.
 *
 * $$ L = \sum_k w_k L_k, \qquad
 * w = \operatorname{softmax}\!\Big( \frac{1}{\tau\,(L + 10^{-8})} \Big) \ \text{(soft)}, \qquad
 * w_k = \frac{1}{L_k} \ \text{(optimal, UW-O)} $$
 *
 * where
 * - L_k `[K]` are the tasks' losses of the batch; those within w are constants, through which no gradient flows,
 * - τ is the temperature: the smaller, the more the smallest losses are favoured.
 *
 * Shapes: losses `[K]` → a loss `[]`.
 *
 * @remarks Soft weights depend on the units of the losses: τ has to be searched for, and a loss near 0 takes all weight
 * at a small τ. Under `form: 'optimal'` the value is always the number of tasks, so look at the losses themselves; its
 * gradient is that of `scaleInvariant`, and a loss of 0 has weight 0.
 * @throws `POLYTASK_LOSS_TOO_LOW` for negative losses.
 * @example
 * ```ts
 * import { balanceLosses } from '@polytask/core';
 * import { softUncertaintyWeighting } from '@polytask/task-weighting';
 * import * as tf from '@tensorflow/tfjs';
 *
 * const balance = balanceLosses(softUncertaintyWeighting({ scale: 'paper' }), ['a', 'b']);
 * balance.loss([tf.scalar(2), tf.scalar(3)]);
 * console.log([...balance.weights().dataSync()].map((weight) => weight.toFixed(3))); // => [ '0.542', '0.458' ]
 * balance.dispose();
 * ```
 */
export const softUncertaintyWeighting = /* @__PURE__ */ describePart('loss-weighting', {
  name: 'soft-uncertainty-weighting',
  summary: 'Weighs tasks by the softmax of the inverses of their losses.',
  cites: [
    {
      authors: 'L. Kirchdorfer, C. Elich, S. Kutsche, H. Stuckenschmidt, L. Schott and J. M. Köhler',
      title: 'Analytical uncertainty-based loss weighting in multi-task learning',
      venue: 'arXiv',
      year: 2024,
      url: 'https://arxiv.org/abs/2408.07985',
    },
  ],
  options: {
    form: withDefault(choice('soft', 'optimal'), 'soft', 'soft: UW-SO; optimal: UW-O, without the softmax.', 'paper'),
    temperature: withDefault(number({ above: 0 }), 1, 'τ, in units of 1 / loss; not used by optimal.', 'authors’ code'),
  },
  make: ({ form, temperature }) => ({
    leastLoss: 0,
    bind: () => ({
      scalarize(losses, active) {
        const now = stopGradient(losses);
        if (form === 'optimal') {
          const learnable = tf.greater(now, smallestLoss);
          return tf.sum(tf.mul(losses, tf.where(learnable, tf.div(1, tf.where(learnable, now, 1)), 0)));
        }
        const logits = tf.div(1 / temperature, tf.add(now, epsilon));
        return tf.sum(tf.mul(losses, presentSoftmax(logits, active)));
      },
    }),
  }),
});
