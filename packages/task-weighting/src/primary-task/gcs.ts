import { choice, describePart, extend, gradientCosines, withDefault } from '@polytask/core';
import { primaryIndex, primaryOptions } from './primary.js';

/**
 * Gradient cosine similarity (GCS): an auxiliary task takes part in a step only where its gradient points the primary
 * task's way.
 *
 * $$ d = g_p + \sum_{i \ne p} w_i g_i, \qquad w_i = [\cos(g_i, g_p) > 0] \ \text{(unweighted)}, \qquad
 * w_i = \max(0, \cos(g_i, g_p)) \ \text{(weighted)} $$
 *
 * where
 * - g_i are the tasks' gradients of the shared parameters, of which G = J Jᵀ `[K, K]` is enough,
 * - p is the primary task.
 *
 * Shapes: G = J Jᵀ `[K, K]` → w `[K]`.
 *
 * @remarks A gradient of zero counts as having a cosine of 0. In a batch without a label of the primary task there is
 * nothing to compare with, and all take part. Heads of auxiliary tasks go on learning; `headGradients: weighted` stops
 * them too.
 * @throws `POLYTASK_INVALID_OPTION` where no primary task is named.
 * @example
 * ```ts
 * import { balanceGradients } from '@polytask/core';
 * import { gcs } from '@polytask/task-weighting';
 * import * as tf from '@tensorflow/tfjs';
 *
 * const balance = balanceGradients(gcs({ primary: 'a', scale: 'paper' }), ['a', 'b', 'c']);
 * const { weights } = await balance.direction(tf.tensor2d([[1, 0], [1, 2], [-1, 2]]));
 * console.log(weights); // => Float64Array(3) [ 1, 1, 0 ]
 * balance.dispose();
 * ```
 */
export const gcs = /* @__PURE__ */ describePart('gradient-balancing', {
  name: 'gcs',
  summary: "Leaves out auxiliary tasks whose gradients point against the primary task's.",
  cites: [
    {
      authors: 'Y. Du, W. M. Czarnecki, S. M. Jayakumar, M. Farajtabar, R. Pascanu and B. Lakshminarayanan',
      title: 'Adapting auxiliary losses using gradient similarity',
      venue: 'arXiv',
      year: 2018,
      url: 'https://arxiv.org/abs/1812.02224',
    },
  ],
  options: extend(primaryOptions, {
    form: withDefault(
      choice('unweighted', 'weighted'),
      'unweighted',
      'Whether a task counts in full, or by its cosine.',
      'paper',
    ),
  }),
  make: ({ primary, form }) => ({
    bind(context) {
      const p = primaryIndex(primary, context);
      return {
        weights({ gramian, tasks }) {
          const row = tasks.indexOf(p) * tasks.length;
          if (row < 0) return tasks.map(() => 1);
          const cosines = gradientCosines(gramian).subarray(row, row + tasks.length);
          return cosines.map((cosine, i) =>
            tasks[i] === p ? 1 : form === 'weighted' ? Math.max(0, cosine) : cosine > 0 ? 1 : 0,
          );
        },
      };
    },
  }),
});
