import { choice, describePart, extend, gradientCosines, number, whole, withDefault } from '@polytask/core';
import { primaryIndex, primaryOptions } from './primary.js';

/**
 * OL-AUX, online learning of auxiliary weights: an auxiliary task gains weight while its gradient is like the primary
 * task's.
 *
 * $$ d = \sum_k w_k g_k, \qquad w_i \leftarrow w_i + \beta \sum_{\text{last } n \text{ steps}} s_i, \qquad
 * s_i = \cos(g_i, g_p) \ \text{or}\ g_i \cdot g_p $$
 *
 * where
 * - g_i are the tasks' gradients of the shared parameters, of which G = J Jᵀ `[K, K]` is enough,
 * - p is the primary task, whose weight stays 1; the others' weights are 1 at first, and change every n steps.
 *
 * Shapes: G = J Jᵀ `[K, K]` → w `[K]`.
 *
 * @remarks The paper has inner products, which depend on the scale of the losses; cosines are what ForkMerge's code
 * has, and the default. Weights have no bounds: they may become negative, and then a task is unlearned. Tasks that are
 * absent gain nothing; neither does any without the primary task.
 * @throws `POLYTASK_INVALID_OPTION` where no primary task is named.
 * @example
 * ```ts
 * import { balanceGradients } from '@polytask/core';
 * import { olAux } from '@polytask/task-weighting';
 * import * as tf from '@tensorflow/tfjs';
 *
 * const balance = balanceGradients(olAux({ primary: 'a', interval: 1, scale: 'paper' }), ['a', 'b']);
 * const rows = tf.tensor2d([[2, 0], [-1, 0]]);
 * await balance.direction(rows);
 * console.log((await balance.direction(rows)).weights); // => Float64Array(2) [ 1, 0.9 ]
 * balance.dispose();
 * ```
 */
export const olAux = /* @__PURE__ */ describePart('gradient-balancing', {
  name: 'ol-aux',
  summary: "Gives auxiliary tasks more weight while their gradients are like the primary task's.",
  cites: [
    {
      authors: 'X. Lin, H. S. Baweja, G. Kantor and D. Held',
      title: 'Adaptive auxiliary task weighting for reinforcement learning',
      venue: 'NeurIPS',
      year: 2019,
      url: 'https://proceedings.neurips.cc/paper/2019/hash/0e900ad84f63618452210ab8baae0218-Abstract.html',
    },
  ],
  options: extend(primaryOptions, {
    similarity: withDefault(
      choice('cosine', 'product'),
      'cosine',
      'product: the inner product, as in the paper.',
      'ForkMerge',
    ),
    beta: withDefault(number({ above: 0 }), 0.1, 'β: how fast weights change.'),
    interval: withDefault(whole({ from: 1 }), 5, 'n: steps from one change to the next.', 'paper'),
  }),
  make: ({ primary, similarity, beta, interval }) => ({
    bind(context) {
      const p = primaryIndex(primary, context);
      const names = context.tasks;
      let weights = names.map(() => 1);
      let gained = names.map(() => 0);
      let steps = 0;
      return {
        weights({ gramian, tasks }) {
          const used = tasks.map((task) => weights[task] as number);
          const row = tasks.indexOf(p) * tasks.length;
          if (row >= 0) {
            const similarities = similarity === 'cosine' ? gradientCosines(gramian) : gramian;
            tasks.forEach((task, i) => {
              if (task !== p) gained[task] = (gained[task] as number) + beta * (similarities[row + i] as number);
            });
          }
          steps += 1;
          if (steps % interval === 0) {
            weights = weights.map((weight, k) => weight + (gained[k] as number));
            gained = names.map(() => 0);
          }
          return used;
        },
        saveState: () => ({ weights, gained, steps }),
        loadState(state: { readonly weights: number[]; readonly gained: number[]; readonly steps: number }) {
          weights = [...state.weights];
          gained = [...state.gained];
          steps = state.steps;
        },
        reset() {
          weights = names.map(() => 1);
          gained = names.map(() => 0);
          steps = 0;
        },
      };
    },
  }),
});
