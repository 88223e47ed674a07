import { describePart } from '@polytask/core';
import { projectEachOnDualCone } from '../solvers/dual-cone.js';
import { comparedGradients, inTaskOrder, preferenceOption, sharesOf, updateEveryOption } from './options.js';

/**
 * UPGrad, "unconflicting projection of gradients": each task's gradient is projected onto the directions that make no task worse, and the
 * projections are averaged.
 *
 * $$ d = \sum_i p_i \, \pi(g_i), \qquad \pi(g) = \arg\min_{d:\ J d \ge 0} \lVert d - g \rVert^2, \qquad
 * w = \sum_i \arg\min_{v \ge p_i e_i} v^\top G v $$
 *
 * where g_i are the rows of J `[K, P]`, G = J Jᵀ, e_i the unit vector of task i, and p the tasks' preferences, with a sum of 1.
 *
 * Shapes: G `[K, K]` → w `[K]`.
 *
 * @remarks Solved exactly; TorchJD adds 1e-4 to the diagonal of G, which changes the fourth digit. For two tasks d is half of that of
 * `pcgrad`, and what DCGD calls its average form. With K = 1 the direction is the task's gradient. K problems of size K a step.
 * @throws `POLYTASK_SOLVER` where the solver does not come to an end.
 * @example
 * ```ts
 * import { balanceGradients } from '@polytask/core';
 * import { upGrad } from '@polytask/task-weighting';
 * import * as tf from '@tensorflow/tfjs';
 *
 * const balance = balanceGradients(upGrad({ scale: 'paper' }), ['a', 'b']);
 * const { weights } = await balance.direction(tf.tensor2d([[-1, 1], [2, 0]]));
 * console.log(weights); // => Float64Array(2) [ 1, 0.75 ]
 * balance.dispose();
 * ```
 */
export const upGrad = /* @__PURE__ */ describePart('gradient-balancing', {
  name: 'up-grad',
  summary: "Averages the tasks' gradients, each projected onto the directions that make no task worse.",
  cites: [
    {
      authors: 'P. Quinton and V. Rey',
      title: 'Jacobian descent for multi-objective optimization',
      venue: 'arXiv preprint 2406.16232',
      year: 2024,
      url: 'https://arxiv.org/abs/2406.16232',
    },
  ],
  options: { preference: preferenceOption, gradientsOf: comparedGradients, updateEvery: updateEveryOption },
  make: ({ preference, gradientsOf, updateEvery }) => ({
    gradientsOf,
    updateEvery,
    bind({ tasks: names }) {
      const all = inTaskOrder(preference, names, 'preference');
      return {
        weights: ({ gramian, tasks }) => projectEachOnDualCone(gramian, sharesOf(all, tasks)),
      };
    },
  }),
});
