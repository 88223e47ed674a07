import { describePart, gradientNorms, whole, withDefault } from '@polytask/core';
import { sumOf } from '../solvers/dense.js';
import { comparedGradients } from './options.js';

/**
 * The magnitudes of RotoGrad: all tasks' gradients of the shared representation get one length, nearer to that of tasks that have
 * come less far.
 *
 * $$ r_k = \frac{\lVert g_k \rVert}{\lVert g_k(t_0) \rVert}, \quad \alpha_k = \frac{r_k}{\sum_j r_j}, \quad
 * C = \sum_k \alpha_k \lVert g_k \rVert, \qquad w_k = \frac{C}{\lVert g_k \rVert} $$
 *
 * where g_k are the rows of J `[K, P]`, and t_0 is the end of the burn-in, until which r is 1.
 *
 * Shapes: G = J Jᵀ `[K, K]` → w `[K]`.
 *
 * @remarks RotoGrad also turns what each head sees by a rotation that is learned. Such a rotation is part of a model, which a gradient balancing does not
 * change: it is not here. Without it, and at t_0, two tasks get the direction of `conFig`. A task whose gradient is zero gets weight 0. With K = 1 the
 * direction is the task's gradient.
 * @example
 * ```ts
 * import { balanceGradients } from '@polytask/core';
 * import { rotoGrad } from '@polytask/task-weighting';
 * import * as tf from '@tensorflow/tfjs';
 *
 * const balance = balanceGradients(rotoGrad({ scale: 'paper' }), ['a', 'b']);
 * const { direction } = await balance.direction(tf.tensor2d([[2, 0], [0, 4]]));
 * console.log(direction.dataSync()); // => Float32Array(2) [ 3, 3 ]
 * balance.dispose();
 * ```
 */
export const rotoGrad = /* @__PURE__ */ describePart('gradient-balancing', {
  name: 'roto-grad',
  summary: "Gives all tasks' gradients one length, nearer to that of tasks that have come less far (magnitudes only).",
  cites: [
    {
      authors: 'A. Javaloy and I. Valera',
      title: 'RotoGrad: gradient homogenization in multitask learning',
      venue: 'ICLR',
      year: 2022,
      url: 'https://arxiv.org/abs/2103.02631',
    },
  ],
  options: {
    burnIn: withDefault(whole({ from: 0 }), 20, 'Steps after which lengths are compared with.', "the authors' code"),
    gradientsOf: { ...comparedGradients, default: 'representation' as const, source: 'paper' },
  },
  make: ({ burnIn, gradientsOf }) => ({
    gradientsOf,
    bind({ tasks: names }) {
      const first = new Map<string, Float64Array>();
      return {
        weights({ gramian, tasks, block, step }) {
          const reference = first.get(block) ?? new Float64Array(names.length);
          first.set(block, reference);
          const norms = gradientNorms(gramian);
          tasks.forEach((task, i) => {
            if (step.step <= burnIn || reference[task] === 0) reference[task] = norms[i] as number;
          });
          const ratios = tasks.map((task, i) =>
            reference[task] ? (norms[i] as number) / (reference[task] as number) : 0,
          );
          const total = sumOf(ratios);
          const length =
            total > 0 ? ratios.reduce((sum, ratio, i) => sum + (ratio / total) * (norms[i] as number), 0) : 0;
          return norms.map((norm) => (norm > 0 ? length / norm : 0));
        },
        saveState: () => ({
          first: Object.fromEntries([...first].map(([block, values]) => [block, Array.from(values)])),
        }),
        loadState(state) {
          first.clear();
          for (const [block, values] of Object.entries(state.first as object))
            first.set(block, Float64Array.from(values));
        },
        reset: () => first.clear(),
      };
    },
  }),
});
