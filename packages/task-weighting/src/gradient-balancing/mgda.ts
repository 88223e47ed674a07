import { choice, describePart, withDefault } from '@polytask/core';
import { smallestLoss } from '../log-losses.js';
import { rescaled } from '../solvers/dense.js';
import { minimumNorm } from '../solvers/minimum-norm.js';
import { comparedGradients, updateEveryOption } from './options.js';

/**
 * MGDA, the multiple-gradient descent algorithm: the shortest convex combination of the tasks' gradients.
 *
 * $$ d = J^\top w, \qquad w = \arg\min_{w \ge 0,\ \sum w = 1} \Big\lVert \sum_k \frac{w_k}{n_k} \, g_k \Big\rVert^2 $$
 *
 * where g_k are the rows of J `[K, P]` and n_k the normaliser: 1 (`'none'`), the gradient's length (`'l2'`), the loss (`'loss'`), or their
 * product (`'loss+'`). No task gets worse along d under `'none'`, and d is 0 exactly where no direction improves all of them.
 *
 * Shapes: G = J Jᵀ `[K, K]` and losses `[K]` → w `[K]`.
 *
 * @remarks Solved exactly, by an active set, where the published Frank-Wolfe loop is right to some per mille only. The weights apply to
 * the gradients as they are, as in the paper; LibMTL updates with the normalised ones. Without a normaliser the task with the shortest
 * gradient rules, and steps become short near the Pareto front; a gradient of zero leaves a direction of zero. MGDA-UB is
 * `gradientsOf: 'representation'`. With K = 1 the direction is the task's gradient.
 * @throws `POLYTASK_LOSS_TOO_LOW` for negative losses under `'loss'` and `'loss+'`; `POLYTASK_SOLVER` where the solver does not come to
 * an end.
 * @example
 * ```ts
 * import { balanceGradients } from '@polytask/core';
 * import { mgda } from '@polytask/task-weighting';
 * import * as tf from '@tensorflow/tfjs';
 *
 * const balance = balanceGradients(mgda({ scale: 'paper' }), ['a', 'b']);
 * const { weights } = await balance.direction(tf.tensor2d([[-1, 1], [1, 1]]));
 * console.log(weights); // => Float64Array(2) [ 0.5, 0.5 ]
 * balance.dispose();
 * ```
 */
export const mgda = /* @__PURE__ */ describePart('gradient-balancing', {
  name: 'mgda',
  summary: "Goes along the shortest convex combination of the tasks' gradients.",
  cites: [
    {
      authors: 'J.-A. Désidéri',
      title: 'Multiple-gradient descent algorithm (MGDA) for multiobjective optimization',
      venue: 'Comptes Rendus Mathématique 350',
      year: 2012,
      url: 'https://doi.org/10.1016/j.crma.2012.03.014',
    },
    {
      authors: 'O. Sener and V. Koltun',
      title: 'Multi-task learning as multi-objective optimization',
      venue: 'NeurIPS',
      year: 2018,
      url: 'https://arxiv.org/abs/1810.04650',
    },
  ],
  options: {
    normalize: withDefault(
      choice('none', 'l2', 'loss', 'loss+'),
      'none',
      'What gradients are divided by before they are compared: nothing, their length, the loss, or both.',
    ),
    gradientsOf: comparedGradients,
    updateEvery: updateEveryOption,
  },
  make: ({ normalize, gradientsOf, updateEvery }) => ({
    gradientsOf,
    updateEvery,
    ...(normalize.startsWith('loss') && { leastLoss: 0 }),
    bind: () => ({
      weights({ gramian, losses, tasks }) {
        const k = tasks.length;
        const factors = Float64Array.from({ length: k }, (_, i) => {
          const loss = losses[i] as number;
          const length = Math.sqrt(Math.max(0, gramian[i * (k + 1)] as number));
          const ofLength = normalize === 'l2' || normalize === 'loss+' ? (length > 0 ? 1 / length : 0) : 1;
          return normalize.startsWith('loss') ? ofLength / Math.max(loss, smallestLoss) : ofLength;
        });
        return minimumNorm(rescaled(gramian, factors));
      },
    }),
  }),
});
