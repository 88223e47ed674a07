import { describePart } from '@polytask/core';
import { primaryIndex, primaryOptions } from './primary.js';

/**
 * PCGrad for a primary task: what points against the primary task's gradient is taken out of the auxiliary tasks'
 * gradients.
 *
 * $$ d = g_p + \sum_{i \ne p} g_i', \qquad g_i' = g_i - \frac{\min(0, g_i \cdot g_p)}{\lVert g_p \rVert^2}\, g_p $$
 *
 * where
 * - g_i are the tasks' gradients of the shared parameters, of which G = J Jᵀ `[K, K]` is enough,
 * - p is the primary task.
 *
 * Weights are 1 for auxiliary tasks and $1 - \sum_{i \ne p} \min(0, g_i \cdot g_p) / \lVert g_p \rVert^2$ for the
 * primary one. To first order no auxiliary task harms it: $d \cdot g_p \ge \lVert g_p \rVert^2$.
 *
 * Shapes: G = J Jᵀ `[K, K]` → w `[K]`.
 *
 * @remarks In a batch without a label of the primary task gradients are as they are.
 * @throws `POLYTASK_INVALID_OPTION` where no primary task is named.
 * @example
 * ```ts
 * import { balanceGradients } from '@polytask/core';
 * import { priPcgrad } from '@polytask/task-weighting';
 * import * as tf from '@tensorflow/tfjs';
 *
 * const balance = balanceGradients(priPcgrad({ primary: 'a', scale: 'paper' }), ['a', 'b']);
 * const { direction } = await balance.direction(tf.tensor2d([[2, 0], [-1, 3]]));
 * console.log(direction.dataSync()); // => Float32Array(2) [ 2, 3 ]
 * balance.dispose();
 * ```
 */
export const priPcgrad = /* @__PURE__ */ describePart('gradient-balancing', {
  name: 'pri-pcgrad',
  summary: "Takes out of auxiliary tasks' gradients what points against the primary task's.",
  cites: [
    {
      authors: 'J. Jiang, B. Chen, J. Pan, X. Wang, D. Liu, J. Jiang and M. Long',
      title: 'ForkMerge: mitigating negative transfer in auxiliary-task learning',
      venue: 'NeurIPS',
      year: 2023,
      url: 'https://arxiv.org/abs/2301.12618',
      note: 'A baseline in its code: PCGrad with the primary task in the place of all others.',
    },
  ],
  options: primaryOptions,
  make: ({ primary }) => ({
    bind(context) {
      const p = primaryIndex(primary, context);
      return {
        weights({ gramian, tasks }) {
          const k = tasks.length;
          const at = tasks.indexOf(p);
          const square = gramian[at * k + at] ?? 0;
          const against = tasks.reduce((sum, _, i) => sum + Math.min(0, i === at ? 0 : (gramian[at * k + i] ?? 0)), 0);
          return tasks.map((task) => (task === p && square > 0 ? 1 - against / square : 1));
        },
      };
    },
  }),
});
