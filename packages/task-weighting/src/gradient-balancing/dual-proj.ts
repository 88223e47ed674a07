import { describePart } from '@polytask/core';
import { projectOnDualCone } from '../solvers/dual-cone.js';
import { comparedGradients, inTaskOrder, preferenceOption, sharesOf } from './options.js';

/**
 * DualProj, the projection of gradient episodic memory: the mean gradient, projected onto the directions that make no task worse.
 *
 * $$ d = \arg\min_{d:\ J d \ge 0} \lVert d - J^\top p \rVert^2 = J^\top w, \qquad w = \arg\min_{v \ge p} v^\top G v $$
 *
 * where J `[K, P]` has the tasks' gradients as rows, G = J Jᵀ, and p are the tasks' preferences, with a sum of 1.
 *
 * Shapes: G `[K, K]` → w `[K]`.
 *
 * @remarks Where the mean makes no task worse it is the direction. Solved exactly; TorchJD adds 1e-4 to the diagonal of G. For two tasks d is half of what
 * DCGD calls its projection form. With K = 1 the direction is the task's gradient.
 * @throws `POLYTASK_SOLVER` where the solver does not come to an end.
 * @example
 * ```ts
 * import { balanceGradients } from '@polytask/core';
 * import { dualProj } from '@polytask/task-weighting';
 * import * as tf from '@tensorflow/tfjs';
 *
 * const balance = balanceGradients(dualProj({ scale: 'paper' }), ['a', 'b']);
 * const { weights } = await balance.direction(tf.tensor2d([[-1, 1], [4, 0]]));
 * console.log(weights); // => Float64Array(2) [ 1, 0.5 ]
 * balance.dispose();
 * ```
 */
export const dualProj = /* @__PURE__ */ describePart('gradient-balancing', {
  name: 'dual-proj',
  summary: 'Projects the mean gradient onto the directions that make no task worse.',
  cites: [
    {
      authors: 'D. Lopez-Paz and M. Ranzato',
      title: 'Gradient episodic memory for continual learning',
      venue: 'NeurIPS',
      year: 2017,
      url: 'https://arxiv.org/abs/1706.08840',
    },
  ],
  options: { preference: preferenceOption, gradientsOf: comparedGradients },
  make: ({ preference, gradientsOf }) => ({
    gradientsOf,
    bind({ tasks: names }) {
      const all = inTaskOrder(preference, names, 'preference');
      return { weights: ({ gramian, tasks }) => projectOnDualCone(gramian, sharesOf(all, tasks)) };
    },
  }),
});
