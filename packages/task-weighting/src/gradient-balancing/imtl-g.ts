import { describePart, gradientCosines, gradientNorms } from '@polytask/core';
import { factorize, solveFactored } from '../solvers/cholesky.js';
import { sumOf } from '../solvers/dense.js';
import { wellPosed } from '../solvers/well-posed.js';
import { comparedGradients, updateEveryOption } from './options.js';

/** Weights whose sum is less than this share of their sizes' have none to be divided by. */
const smallestSum = 1e-12;

/**
 * IMTL-G, impartial learning by gradients: the combination that has projections of equal length onto all tasks' gradients.
 *
 * $$ d = J^\top \alpha, \quad \sum_k \alpha_k = 1, \quad d \cdot u_k = d \cdot u_1 \text{ for all } k, \qquad
 * \alpha_k \propto \frac{(C^{-1} \mathbf 1)_k}{\lVert g_k \rVert} $$
 *
 * where g_k are the rows of J `[K, P]`, u_k = g_k / ‖g_k‖, and C = U Uᵀ their cosines.
 *
 * Shapes: G = J Jᵀ `[K, K]` → α `[K]`.
 *
 * @remarks For two tasks $\alpha_1 = \lVert g_2 \rVert / (\lVert g_1 \rVert + \lVert g_2 \rVert)$. For more, weights may be negative, and where the
 * weights before normalisation have a negative sum, all projections are negative: so it was published. Where they sum to nothing the
 * direction is 0. Parallel and opposed gradients are no special case, unlike in LibMTL, which inverts a singular matrix. A task whose gradient is
 * zero gets weight 0. With K = 1 the direction is the task's gradient.
 * @example
 * ```ts
 * import { balanceGradients } from '@polytask/core';
 * import { imtlG } from '@polytask/task-weighting';
 * import * as tf from '@tensorflow/tfjs';
 *
 * const balance = balanceGradients(imtlG({ scale: 'paper' }), ['a', 'b']);
 * const { weights } = await balance.direction(tf.tensor2d([[0, 3], [1, 0]]));
 * console.log(weights); // => Float64Array(2) [ 0.25, 0.75 ]
 * balance.dispose();
 * ```
 */
export const imtlG = /* @__PURE__ */ describePart('gradient-balancing', {
  name: 'imtl-g',
  summary: "Goes the same way along every task's gradient.",
  cites: [
    {
      authors: 'L. Liu, Y. Li, Z. Kuang, J.-H. Xue, Y. Chen, W. Yang, Q. Liao and W. Zhang',
      title: 'Towards impartial multi-task learning',
      venue: 'ICLR',
      year: 2021,
      url: 'https://openreview.net/forum?id=IMPnRXEWpvr',
    },
  ],
  options: { gradientsOf: comparedGradients, updateEvery: updateEveryOption },
  make: ({ gradientsOf, updateEvery }) => ({
    gradientsOf,
    updateEvery,
    bind: () => ({ weights: ({ gramian }) => impartialWeights(gramian) }),
  }),
});

/** α, by the equations of {@link imtlG}. */
export function impartialWeights(gramian: Float64Array): Float64Array {
  const norms = gradientNorms(gramian);
  const k = norms.length;
  const alive = [...norms.keys()].filter((i) => (norms[i] as number) > 0);
  const every = gradientCosines(gramian);
  const cosines = Float64Array.from(alive.flatMap((i) => alive.map((j) => every[i * k + j] as number)));
  const all = Array.from({ length: alive.length }, (_, i) => i);
  const factor = factorize(wellPosed(cosines, alive.length), alive.length, all);
  const solved = solveFactored(factor, new Float64Array(factor.kept.length).fill(1));
  // The shortest gradient has the largest weight; sizes are measured by it.
  const shortest = Math.min(...alive.map((i) => norms[i] as number));
  const found = new Float64Array(k);
  factor.kept.forEach((at, n) => {
    const i = alive[at] as number;
    found[i] = ((solved[n] as number) * shortest) / (norms[i] as number);
  });
  const total = sumOf(found);
  if (Math.abs(total) <= smallestSum * sumOf(found.map(Math.abs))) return new Float64Array(k);
  return found.map((weight) => weight / total);
}
