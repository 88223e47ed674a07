import { describePart, gradientNorms, unitGramian, whole, withDefault } from '@polytask/core';
import { symmetricEigen } from '../solvers/eigen.js';
import { comparedGradients } from './options.js';

/**
 * NTKMTL: tasks learn equally fast where the neural tangent kernels' largest eigenvalues are equal.
 *
 * $$ w_k = \sqrt{\frac{\sum_j \lambda_j}{\lambda_k}}, \quad \lambda_k = \frac{1}{n_k} \, \lambda_{\max}\big(J_k J_k^\top\big), \qquad d = \sum_k w_k g_k $$
 *
 * where g_k are the rows of J `[K, P]`, the tasks' gradients on the batch, and the rows of J_k `[n_k, P]` those of task k on the parts of the batch in which
 * it has labels: the batch is divided into n `parts`. With one part λ_k is ‖g_k‖², and d the sum of unit gradients, times the root of the sum of squared
 * lengths.
 *
 * Shapes: G = J Jᵀ `[K, K]`, or for each task J_k J_kᵀ `[n_k, n_k]` → w `[K]`.
 *
 * @remarks With one part, as in the authors' experiments, a task whose rows disagree counts as slow, since their gradients cancel; with more, less so. λ_k is
 * divided by the number of its parts: where all tasks have labels in all of them, which is what the paper speaks of, weights are the paper's, and a task with
 * labels in few parts is not called slow for it. The published code multiplies by K besides and clips the direction to length 1. Rows go to parts by
 * turns; a batch of fewer rows has fewer parts. Each part goes through the model by itself, so that BatchNorm normalises within parts; the authors' code takes
 * all parts from one forward pass, with backward passes over the whole batch for each.
 *
 * NTKMTL-SR is `gradientsOf: 'representation'`; with `headGradients: 'weighted'` heads are weighed too, as in the authors' code. There parts have no row in
 * common, so that their gradients are orthogonal and λ_k is the square of the longest one, divided by n_k. A task whose gradient is zero gets weight 0. With K = 1
 * the direction is the task's gradient.
 * @throws `POLYTASK_INVALID_OPTION` for more parts than a batch has rows, or pairs of rows where a layer normalises over them.
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
 *
 * // Gradients on two parts: orthogonal of a, so that λ is 4² / 2, and equal of b, so that λ is 1.
 * const inParts = balanceGradients(ntkMtl({ parts: 2, scale: 'paper' }), ['a', 'b']);
 * const { weights } = await inParts.direction(tf.tensor3d([[[0, 3], [1, 0]], [[4, 0], [1, 0]]]));
 * console.log(Array.from(weights ?? [], (weight) => weight.toFixed(4))); // => [ '1.0607', '3.0000' ]
 * inParts.dispose();
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
  options: {
    parts: withDefault(
      whole({ from: 1 }),
      1,
      'n: parts of a batch whose gradients the eigenvalues are of.',
      "the authors' experiments",
    ),
    gradientsOf: comparedGradients,
  },
  make: ({ parts: wanted, gradientsOf }) => ({
    parts: wanted,
    gradientsOf,
    bind: () => ({
      weights({ gramian, parts }) {
        const roots = parts === undefined ? gradientNorms(gramian) : Float64Array.from(parts, rootOfLargest);
        const total = Math.hypot(...roots);
        return roots.map((root) => (root > 0 ? total / root : 0));
      },
    }),
  }),
});

/** The root of a Gramian's largest eigenvalue, divided by its size; 0 of no rows. */
function rootOfLargest(gramian: Float64Array): number {
  const count = Math.sqrt(gramian.length);
  if (count === 0) return 0;
  const { gramian: unit, scale } = unitGramian(gramian);
  const { values } = symmetricEigen(unit, count);
  return Math.sqrt(scale) * Math.sqrt(Math.max(0, values.at(-1) as number) / count);
}
