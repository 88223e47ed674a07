import { describePart, gradientNorms } from '@polytask/core';
import { comparedGradients } from './options.js';

/**
 * NTKMTL: tasks learn equally fast where the neural tangent kernels' largest eigenvalues are equal.
 *
 * $$ w_k = \sqrt{\frac{\sum_j \lambda_j}{\lambda_k}}, \quad \lambda_k = \lVert g_k \rVert^2, \qquad d = \sum_k w_k g_k $$
 *
 * where g_k are the rows of J `[K, P]` and λ_k is task k's eigenvalue on one batch. So d is the sum of unit gradients, times the root of
 * the sum of squared lengths.
 *
 * Shapes: G = J Jᵀ `[K, K]` → w `[K]`.
 *
 * @remarks This is the form with one batch, n = 1; with n parts of a batch λ_k is the largest eigenvalue of their Gramian. The published code
 * multiplies by K besides and clips the direction to length 1. NTKMTL-SR is `gradientsOf: 'representation'`. A task whose gradient is zero gets
 * weight 0. With K = 1 the direction is the task's gradient.
 * @example
 * ```ts
 * import { balanceGradients } from '@polytask/core';
 * import { ntkMtl } from '@polytask/task-weighting';
 * import * as tf from '@tensorflow/tfjs';
 *
 * const balance = balanceGradients(ntkMtl({ scale: 'paper' }), ['a', 'b']);
 * const { direction } = await balance.direction(tf.tensor2d([[0, 3], [4, 0]]));
 * console.log(direction.dataSync()); // => Float32Array(2) [ 5, 5 ]
 * balance.dispose();
 * ```
 */
export const ntkMtl = /* @__PURE__ */ describePart('gradient-balancing', {
  name: 'ntk-mtl',
  summary: 'Lets tasks learn equally fast, as far as their neural tangent kernels tell.',
  cites: [
    {
      authors: 'X. Qin, X. Wang, N. Liao and J. Yan',
      title: 'NTKMTL: mitigating task imbalance in multi-task learning from neural tangent kernel perspective',
      venue: 'NeurIPS',
      year: 2025,
      url: 'https://arxiv.org/abs/2510.18258',
    },
  ],
  options: { gradientsOf: comparedGradients },
  make: ({ gradientsOf }) => ({
    gradientsOf,
    bind: () => ({
      weights({ gramian }) {
        const norms = gradientNorms(gramian);
        const total = Math.hypot(...norms);
        return norms.map((norm) => (norm > 0 ? total / norm : 0));
      },
    }),
  }),
});
