import { describePart, number, optional, withDefault } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { taskVariables } from '../task-variables.js';

/** e^30 is as large as a weight gets: a task whose loss stays 0 would go on to infinity. */
const mostExponent = 30;

/**
 * IMTL-L, the loss half of impartial multi-task learning: learned scales that bring all losses to the same size.
 *
 * $$ L = \sum_k e^{s_k} L_k - s_k, \qquad w_k = e^{s_k} $$
 *
 * where
 * - L_k `[K]` are the tasks' losses of the batch,
 * - s_k, a variable per task, is trained together with the model. At its optimum $e^{s_k} L_k = 1$.
 *
 * Shapes: losses `[K]` → a loss `[]`.
 *
 * @remarks The total has no lower bound: where a loss goes to 0, s grows for ever. Weights are at most e³⁰. Variables
 * are in the group `balancing`, with no weight decay. Under `scale: 'tasks'` the model's gradient is rescaled, that of
 * s is not.
 * @throws `POLYTASK_LOSS_TOO_LOW` for negative losses, under which s has no optimum.
 * @example
 * ```ts
 * import { balanceLosses } from '@polytask/core';
 * import { imtlL } from '@polytask/task-weighting';
 * import * as tf from '@tensorflow/tfjs';
 *
 * const balance = balanceLosses(imtlL(), ['a', 'b']);
 * console.log(balance.loss([tf.scalar(2), tf.scalar(3)]).dataSync()); // => Float32Array(1) [ 5 ]
 * balance.dispose();
 * ```
 */
export const imtlL = /* @__PURE__ */ describePart('loss-weighting', {
  name: 'imtl-l',
  summary: 'Learns a scale per task that brings all losses to the same size.',
  cites: [
    {
      authors: 'L. Liu, Y. Li, Z. Kuang, J.-H. Xue, Y. Chen, W. Yang, Q. Liao and W. Zhang',
      title: 'Towards impartial multi-task learning',
      venue: 'ICLR',
      year: 2021,
      url: 'https://openreview.net/forum?id=IMPnRXEWpvr',
      note: 'Its loss balance, IMTL-L.',
    },
  ],
  options: {
    start: withDefault(number(), 0, 's at first.', 'LibMTL'),
    learningRate: optional(number({ above: 0 }), 'Of s.', "the optimizer's", 'paper'),
  },
  make: ({ start, learningRate }) => ({
    leastLoss: 0,
    bind({ tasks, scope }) {
      const scales = taskVariables(scope, tasks, 'logScale', start, learningRate);
      return {
        scalarize(losses, active) {
          const s = scales.stack();
          return tf.sum(tf.mul(tf.sub(tf.mul(tf.exp(tf.minimum(s, mostExponent)), losses), s), active));
        },
        epochEnd: (_, parameters) => scales.read(parameters),
      };
    },
  }),
});
