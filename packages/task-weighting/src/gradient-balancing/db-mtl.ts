import { describePart, hostTensor, number, scaleWeightTensor, withDefault } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';

/** Added to losses, as published. */
const epsilon = 1e-8;

/**
 * DB-MTL, dual balancing: gradients of the losses' logarithms, tracked by moving means, all brought to the length of the longest.
 *
 * $$ B_k \leftarrow \beta_n B_k + (1 - \beta_n) \nabla \log(L_k + 10^{-8}), \qquad \alpha_k = \frac{\max_j \lVert B_j \rVert}{\lVert B_k \rVert}, \qquad
 * d = \sum_k \alpha_k B_k, \qquad \beta_n = \beta / n^{\sigma} $$
 *
 * where B `[K, P]` begins with zeros and n counts steps from 1.
 *
 * Shapes: J `[K, P]`, losses `[K]` → d `[P]`. State: K · P numbers.
 *
 * @remarks The means are not corrected for their start, as published: the first steps are short by 1 − β. d sums K vectors of the
 * longest one's length. `weights` are the α, which apply to B. Absent tasks keep their means and have no part in d. With K = 1 the direction is the task's
 * mean.
 * @throws `POLYTASK_LOSS_TOO_LOW` for negative losses.
 * @example
 * ```ts
 * import { balanceGradients } from '@polytask/core';
 * import { dbMtl } from '@polytask/task-weighting';
 * import * as tf from '@tensorflow/tfjs';
 *
 * const balance = balanceGradients(dbMtl({ beta: 0, scale: 'paper' }), ['a', 'b']);
 * const { direction } = await balance.direction(tf.tensor2d([[8, 0], [0, 2]]), [2, 2]);
 * console.log(direction.dataSync()); // => Float32Array(2) [ 4, 4 ]
 * balance.dispose();
 * ```
 */
export const dbMtl = /* @__PURE__ */ describePart('gradient-balancing', {
  name: 'db-mtl',
  summary: "Brings moving means of the gradients of the losses' logarithms to one length.",
  cites: [
    {
      authors: 'B. Lin, W. Jiang, F. Ye, Y. Zhang, P. Chen, Y.-C. Chen, S. Liu and J. T. Kwok',
      title: 'Dual-balancing for multi-task learning',
      venue: 'arXiv preprint 2308.12029',
      year: 2023,
      url: 'https://arxiv.org/abs/2308.12029',
    },
  ],
  options: {
    beta: withDefault(number({ from: 0, below: 1 }), 0.9, 'How slowly the means follow.', "the authors' code"),
    sigma: withDefault(number({ from: 0 }), 0, 'How fast β falls.', "the authors' code"),
  },
  make: ({ beta, sigma, scale }) => ({
    leastLoss: 0,
    bind: () => ({
      state: ({ tasks, columns }) => ({ momentum: [tasks, columns] }),
      feeds: ({ step }) => ({ beta: hostTensor(beta / (step + 1) ** sigma) }),
      aggregate({ jacobian, losses, active, ...given }) {
        const before = given.state.momentum as tf.Tensor;
        const slowness = given.feeds.beta as tf.Tensor;
        const there = tf.expandDims(tf.greater(active, 0.5), 1);
        const ofLogs = tf.div(jacobian, tf.expandDims(tf.add(losses, epsilon), 1));
        const moved = tf.add(tf.mul(before, slowness), tf.mul(ofLogs, tf.sub(1, slowness)));
        const momentum = tf.where(there, moved, before) as tf.Tensor2D;
        const lengths = tf.mul(tf.sqrt(tf.sum(tf.square(momentum), 1)), active);
        const alpha = tf.divNoNan(tf.max(lengths), lengths) as tf.Tensor1D;
        const weights = scale === 'tasks' ? scaleWeightTensor(alpha, active) : alpha;
        const direction = tf.sum(tf.mul(momentum, tf.expandDims(weights, 1)), 0);
        return { direction, state: { momentum }, weights };
      },
    }),
  }),
});
