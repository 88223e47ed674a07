import { describePart } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { initialLosses, initialLossesIn } from '../initial-losses.js';

/**
 * Initial loss normalisation: every loss is measured by what it was at first.
 *
 * $$ L = \sum_k \frac{L_k}{L_k(0)}, \qquad w_k = \frac{1}{L_k(0)} $$
 *
 * where
 * - L_k `[K]` are the tasks' losses of the batch,
 * - L_k(0) is the loss in the first batch in which task k has a label and a loss above 0.
 *
 * Shapes: losses `[K]` → a loss `[]`.
 *
 * @remarks The baseline that GradNorm's own problem asks for: it takes out the units of the losses and nothing else.
 * One batch decides, so that a small first batch gives noisy weights. L(0) is in checkpoints.
 * @throws `POLYTASK_LOSS_TOO_LOW` for negative losses.
 * @example
 * ```ts
 * import { balanceLosses } from '@polytask/core';
 * import { initialLossNormalization } from '@polytask/task-weighting';
 * import * as tf from '@tensorflow/tfjs';
 *
 * const balance = balanceLosses(initialLossNormalization({ scale: 'paper' }), ['a', 'b']);
 * balance.loss([tf.scalar(2), tf.scalar(4)]);
 * balance.stepEnd();
 * balance.loss([tf.scalar(1), tf.scalar(1)]);
 * console.log(balance.weights().dataSync()); // => Float32Array(2) [ 0.5, 0.25 ]
 * balance.dispose();
 * ```
 */
export const initialLossNormalization = /* @__PURE__ */ describePart('loss-weighting', {
  name: 'initial-loss-normalization',
  summary: 'Divides every loss by what it was in its first batch.',
  options: {},
  make: () => ({
    leastLoss: 0,
    bind({ tasks }) {
      const { feed, ...initial } = initialLosses(tasks.length);
      return {
        ...initial,
        feeds: () => ({ initial: feed() }),
        scalarize: (losses, _active, feeds) =>
          tf.sum(tf.div(losses, initialLossesIn(losses, feeds.initial as tf.Tensor))),
      };
    },
  }),
});
