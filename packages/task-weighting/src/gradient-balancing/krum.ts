import { describePart, whole, withDefault } from '@polytask/core';
import { sumOf } from '../solvers/dense.js';
import { comparedGradients } from './options.js';

/**
 * Krum and Multi-Krum: the mean of the gradients that are nearest to their neighbours, so that a few odd ones do not count.
 *
 * $$ s_i = \sum_{j \in N_i} \lVert g_i - g_j \rVert^2, \qquad d = \frac1m \sum_{i \in S} g_i $$
 *
 * where g_i are the rows of J `[K, P]`, N_i the K − f − 2 nearest others of g_i, and S the m tasks with the lowest s.
 *
 * Shapes: G = J Jᵀ `[K, K]` → w `[K]`, 1 / m or 0.
 *
 * @remarks Made for workers some of which may be faulty, and of use between tasks where most of them agree. Squared distances as in the paper; TorchJD
 * sums distances. Where fewer than f + 3 tasks are present, each has one neighbour, and of two tasks the first in order is taken. With K = 1 the direction is
 * the task's gradient.
 * @example
 * ```ts
 * import { balanceGradients } from '@polytask/core';
 * import { krum } from '@polytask/task-weighting';
 * import * as tf from '@tensorflow/tfjs';
 *
 * const balance = balanceGradients(krum({ selected: 2, scale: 'paper' }), ['a', 'b', 'c', 'odd']);
 * const { weights } = await balance.direction(tf.tensor2d([[1, 0], [1.1, 0], [1.3, 0], [-9, 5]]));
 * console.log(weights); // => Float64Array(4) [ 0.5, 0.5, 0, 0 ]
 * balance.dispose();
 * ```
 */
export const krum = /* @__PURE__ */ describePart('gradient-balancing', {
  name: 'krum',
  summary: 'Takes the mean of the gradients that lie nearest to others.',
  cites: [
    {
      authors: 'P. Blanchard, E. M. El Mhamdi, R. Guerraoui and J. Stainer',
      title: 'Machine learning with adversaries: Byzantine tolerant gradient descent',
      venue: 'NeurIPS',
      year: 2017,
      url: 'https://papers.nips.cc/paper/6617-machine-learning-with-adversaries-byzantine-tolerant-gradient-descent',
    },
  ],
  options: {
    faulty: withDefault(whole({ from: 0 }), 1, 'f: how many tasks may be odd.'),
    selected: withDefault(whole({ from: 1 }), 1, 'm: how many gradients are averaged; more than there are means all.'),
    gradientsOf: comparedGradients,
  },
  make: ({ faulty, selected, gradientsOf }) => ({
    gradientsOf,
    bind: () => ({
      weights({ gramian, tasks }) {
        const k = tasks.length;
        const at = (i: number, j: number) => gramian[i * k + j] as number;
        const scores = tasks.map((_, i) => {
          const distances = tasks.flatMap((_, j) => (j === i ? [] : [Math.max(0, at(i, i) + at(j, j) - 2 * at(i, j))]));
          const nearest = distances.sort((a, b) => a - b).slice(0, Math.max(1, k - faulty - 2));
          return sumOf(nearest);
        });
        const order = [...scores.keys()].sort((a, b) => (scores[a] as number) - (scores[b] as number) || a - b);
        const chosen = new Set(order.slice(0, selected));
        return tasks.map((_, i) => (chosen.has(i) ? 1 / chosen.size : 0));
      },
    }),
  }),
});
