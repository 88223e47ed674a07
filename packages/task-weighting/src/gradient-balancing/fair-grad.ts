import { describePart, number, withDefault } from '@polytask/core';
import { bargainingWeights } from '../solvers/bargaining.js';
import { comparedGradients, updateEveryOption } from './options.js';

/**
 * FairGrad: fairness between tasks as in networks that share a line, from the sum of gains to the least of them.
 *
 * $$ (G w)_k = w_k^{-1/\alpha}, \quad w > 0, \qquad d = J^\top w $$
 *
 * where G = J Jᵀ, J `[K, P]` has the tasks' gradients as rows, and α is how much fairness counts.
 *
 * Shapes: G `[K, K]` → w `[K]`.
 *
 * @remarks α → 0 is the sum of gradients, α = 1 is `nashMtl`, α → ∞ goes for the task that gains least. If all gradients are s times as long, d is
 * $s^{(1 - \alpha) / (1 + \alpha)}$ times as long under `scale: 'paper'`, so the learning rate goes with α. Solved by
 * Newton's method on a convex problem, to rounding; the published code uses least squares from a start of ones. A task whose gradient is zero
 * gets weight 0; where gradients cancel the direction is close to 0. With K = 1 the direction is the task's gradient, which `scale: 'paper'` divides by
 * $\lVert g \rVert^{2 \alpha / (1 + \alpha)}$.
 * @throws `POLYTASK_SOLVER` where the solver does not converge.
 * @example
 * ```ts
 * import { balanceGradients } from '@polytask/core';
 * import { fairGrad } from '@polytask/task-weighting';
 * import * as tf from '@tensorflow/tfjs';
 *
 * const balance = balanceGradients(fairGrad({ alpha: 2, scale: 'paper' }), ['a', 'b']);
 * const { weights } = await balance.direction(tf.tensor2d([[-4, 1, 1], [6, 1, 1]]));
 * console.log(Array.from(weights ?? [], (weight) => weight.toFixed(4))); // => [ '0.4714', '0.3195' ]
 * balance.dispose();
 * ```
 */
export const fairGrad = /* @__PURE__ */ describePart('gradient-balancing', {
  name: 'fair-grad',
  summary: 'Shares the gain among tasks fairly, in the sense of α-fairness.',
  cites: [
    {
      authors: 'H. Ban and K. Ji',
      title: 'Fair resource allocation in multi-task learning',
      venue: 'ICML',
      year: 2024,
      url: 'https://arxiv.org/abs/2402.15638',
    },
  ],
  options: {
    alpha: withDefault(number({ from: 0.05, to: 20 }), 1, 'How much fairness counts: 1 is proportional fairness.'),
    gradientsOf: comparedGradients,
    updateEvery: updateEveryOption,
  },
  make: ({ alpha, gradientsOf, updateEvery }) => ({
    gradientsOf,
    updateEvery,
    bind: () => ({
      weights: ({ gramian, tasks }) => bargainingWeights(gramian, new Float64Array(tasks.length).fill(1), 1 / alpha),
    }),
  }),
});
