import { describePart, permutation } from '@polytask/core';

/**
 * PCGrad, "projecting conflicting gradients": from each task's gradient, what points against another task's gradient is taken away.
 *
 * For each task i, and for the other tasks j in random order, starting from $g_i' = g_i$:
 *
 * $$ g_i' \leftarrow g_i' - \frac{g_i' \cdot g_j}{\lVert g_j \rVert^2}\, g_j \quad\text{if } g_i' \cdot g_j < 0,
 * \qquad d = \sum_i g_i' $$
 *
 * where g_j are the gradients as they were. Since every $g_i' = \sum_j c_{ij} g_j$, weights $w_j = \sum_i c_{ij}$ follow from
 * G = J Jᵀ `[K, K]` alone.
 *
 * Shapes: G = J Jᵀ `[K, K]` → w `[K]`.
 *
 * @remarks The order is drawn from the run's seed, anew for every step and task. Weights are at least 1 under `scale: 'paper'`; for
 * two tasks d is twice that of `upGrad`. With K = 1 the direction is the task's gradient.
 * @example
 * ```ts
 * import { balanceGradients } from '@polytask/core';
 * import { pcgrad } from '@polytask/task-weighting';
 * import * as tf from '@tensorflow/tfjs';
 *
 * const balance = balanceGradients(pcgrad({ scale: 'paper' }), ['a', 'b']);
 * const { weights } = await balance.direction(tf.tensor2d([[-1, 1], [2, 0]]));
 * console.log(weights); // => Float64Array(2) [ 2, 1.5 ]
 * balance.dispose();
 * ```
 */
export const pcgrad = /* @__PURE__ */ describePart('gradient-balancing', {
  name: 'pcgrad',
  summary: "Takes out of each task's gradient what points against another task's.",
  cites: [
    {
      authors: 'T. Yu, S. Kumar, A. Gupta, S. Levine, K. Hausman and C. Finn',
      title: 'Gradient surgery for multi-task learning',
      venue: 'NeurIPS',
      year: 2020,
      url: 'https://arxiv.org/abs/2001.06782',
    },
  ],
  options: {},
  make: () => ({
    bind: ({ uniform }) => ({
      weights({ gramian, tasks, step }) {
        const k = tasks.length;
        const draw = uniform(step.step);
        const total = new Float64Array(k);
        for (let i = 0; i < k; i++) {
          const coefficients = projected(gramian, k, i, permutation(k, draw));
          coefficients.forEach((coefficient, j) => {
            total[j] = (total[j] as number) + coefficient;
          });
        }
        return total;
      },
    }),
  }),
});

/** c_i: what is left of g_i after projections in this order, in terms of all gradients. */
function projected(gramian: Float64Array, k: number, i: number, order: ArrayLike<number>): Float64Array {
  const coefficients = new Float64Array(k);
  coefficients[i] = 1;
  for (const j of Array.from(order)) {
    if (j === i) continue;
    const product = coefficients.reduce((sum, c, m) => sum + c * (gramian[m * k + j] as number), 0);
    if (product < 0) coefficients[j] = (coefficients[j] as number) - product / (gramian[j * k + j] as number);
  }
  return coefficients;
}
