import { choice, describePart, number, optional, withDefault } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { taskVariables } from '../task-variables.js';

/** e^30 is as large as a weight gets: a task whose loss stays 0 would go on to infinity. */
const mostExponent = 30;

/**
 * Uncertainty weighting: every task has a noise level that is learned, and counts the less the noisier it is.
 *
 * $$ L = \sum_k \tfrac{1}{2} e^{-s_k} L_k + \tfrac{1}{2} s_k \ \text{(regression)}, \qquad
 * e^{-s_k} L_k + \tfrac{1}{2} s_k \ \text{(classification)}, \qquad
 * \tfrac{1}{2} e^{-s_k} L_k + \log(1 + e^{s_k}) \ \text{(never negative)} $$
 *
 * where
 * - L_k `[K]` are the tasks' losses of the batch,
 * - s_k = log σ_k², a variable per task, is trained together with the model.
 *
 * Shapes: losses `[K]` → a loss `[]`.
 *
 * @remarks The total of the first two forms falls below 0 by design once losses are small; that is no fault. At the
 * optimum $s_k = \log L_k$ for a regression and $\log 2 L_k$ for a classification. The never-negative form is published
 * with p = σ as its variable; here s = log p², which has neither a second solution of the other sign nor a division by
 * 0. Variables are in the group `balancing`: no weight decay, and a learning rate of their own where one is given; in
 * LibMTL and others the model's optimizer and its decay move them. Weights are at most e³⁰. Under `scale: 'tasks'` the
 * model's gradient is rescaled, that of s is not.
 * @throws `POLYTASK_LOSS_TOO_LOW` for negative losses, under which s has no optimum.
 * @example
 * ```ts
 * import { balanceLosses, regression, classification } from '@polytask/core';
 * import { uncertaintyWeighting } from '@polytask/task-weighting';
 * import * as tf from '@tensorflow/tfjs';
 *
 * const tasks = [regression('depth'), classification('kind', { classes: 3 })];
 * const balance = balanceLosses(uncertaintyWeighting({ scale: 'paper' }), tasks);
 * balance.loss([tf.scalar(2), tf.scalar(3)]);
 * console.log(balance.weights().dataSync()); // => Float32Array(2) [ 0.5, 1 ]
 * balance.dispose();
 * ```
 */
export const uncertaintyWeighting = /* @__PURE__ */ describePart('loss-weighting', {
  name: 'uncertainty-weighting',
  summary: 'Learns a noise level per task and weighs losses by it.',
  cites: [
    {
      authors: 'A. Kendall, Y. Gal and R. Cipolla',
      title: 'Multi-task learning using uncertainty to weigh losses for scene geometry and semantics',
      venue: 'CVPR',
      year: 2018,
      url: 'https://arxiv.org/abs/1705.07115',
    },
    {
      authors: 'L. Liebel and M. Körner',
      title: 'Auxiliary tasks in multi-task learning',
      venue: 'arXiv',
      year: 2018,
      url: 'https://arxiv.org/abs/1805.06334',
      note: 'The form `never-negative`.',
    },
  ],
  options: {
    form: withDefault(
      choice('by-problem', 'regression', 'classification', 'never-negative'),
      'by-problem',
      'Which of the sums. by-problem: that of regressions or of classifications, as the task is; else that of regressions.',
      'paper',
    ),
    start: withDefault(number(), 0, 's at first.', 'TorchJD, Nash-MTL'),
    learningRate: optional(number({ above: 0 }), 'Of s.', "the optimizer's", 'paper'),
  },
  make: ({ form, start, learningRate }) => ({
    leastLoss: 0,
    bind({ tasks, objectives, scope }) {
      const logVariances = taskVariables(scope, tasks, 'logVariance', start, learningRate);
      const factors = objectives.map(({ task }) =>
        form === 'classification' || (form === 'by-problem' && task?.problem === 'classification') ? 1 : 0.5,
      );
      return {
        scalarize(losses, active) {
          const s = logVariances.stack();
          const precisions = tf.mul(tf.exp(tf.minimum(tf.neg(s), mostExponent)), tf.tensor1d(factors));
          const penalties = form === 'never-negative' ? tf.softplus(s) : tf.mul(s, 0.5);
          return tf.sum(tf.mul(tf.add(tf.mul(precisions, losses), penalties), active));
        },
        epochEnd: (_, parameters) => logVariances.read(parameters),
      };
    },
  }),
});
