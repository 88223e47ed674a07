import { describePart, number, unitGramian, withDefault } from '@polytask/core';
import { dot, product, sumOf } from '../solvers/dense.js';
import { bestShares } from '../solvers/linear-program.js';
import { comparedGradients, inTaskOrder, preferenceOption, sharesOf } from './options.js';

/** A share of the losses below it counts as this. */
const smallestShare = 1e-20;

/**
 * EPO, exact Pareto optimal search: descends to the point of the Pareto front where losses times preferences are equal.
 *
 * $$ \hat L_k = \frac{r_k L_k}{\sum_j r_j L_j}, \qquad \mu = \sum_k \hat L_k \log (K \hat L_k), \qquad a_k = r_k \big(\log (K \hat L_k) - \mu\big) $$
 *
 * $$ d = J^\top \beta, \qquad \beta = \arg\max_{\beta \ge 0,\ \sum \beta = 1}
 * \begin{cases} \beta \cdot G a & \text{with } (G \beta)_j \ge \min(0, (G a)_j) \text{ for all } j \text{ with } (G a)_j \le 0, \ (G \beta)_{j^*} \ge 0 & \mu > \epsilon \\
 * \mathbf 1 \cdot G \beta & \text{with } G \beta \ge 0 & \mu \le \epsilon \end{cases} $$
 *
 * where G = J Jᵀ, L `[K]` are the losses, r the preferences with a sum of 1, μ says how uneven the products $r_k L_k$ are, and j* is the task with
 * the largest, or are those with it. While they are uneven, tasks with small products may get worse (controlled ascent), but not that one.
 *
 * Shapes: G `[K, K]` and losses `[K]` → β `[K]`.
 *
 * @remarks A task that matters more ends with a smaller loss: losses are in inverse ratio to preferences. A linear program of size K at every step, solved exactly.
 * Where no (G a)_j is positive, no task may get worse. Losses have to be comparable and not negative. With K = 1 the direction is the task's gradient.
 * @throws `POLYTASK_LOSS_TOO_LOW` for negative losses; `POLYTASK_SOLVER` where the linear program has no solution.
 * @example
 * ```ts
 * import { balanceGradients } from '@polytask/core';
 * import { epo } from '@polytask/task-weighting';
 * import * as tf from '@tensorflow/tfjs';
 *
 * const balance = balanceGradients(epo({ scale: 'paper' }), ['a', 'b']);
 * const { weights } = await balance.direction(tf.tensor2d([[1, 0], [0, 1]]), [3, 1]);
 * // The loss of `a` is too large for equal preferences: all for `a`.
 * console.log(weights); // => Float64Array(2) [ 1, 0 ]
 * balance.dispose();
 * ```
 */
export const epo = /* @__PURE__ */ describePart('gradient-balancing', {
  name: 'epo',
  summary: 'Descends to the point of the Pareto front where losses are in inverse ratio to preferences.',
  cites: [
    {
      authors: 'D. Mahapatra and V. Rajan',
      title:
        'Multi-task learning with user preferences: gradient descent with controlled ascent in Pareto optimization',
      venue: 'ICML',
      year: 2020,
      url: 'https://proceedings.mlr.press/v119/mahapatra20a.html',
    },
  ],
  options: {
    preference: preferenceOption,
    tolerance: withDefault(number({ from: 0 }), 1e-4, 'ϵ: how uneven counts as even.', "the authors' code"),
    gradientsOf: comparedGradients,
  },
  make: ({ preference, tolerance, gradientsOf }) => ({
    gradientsOf,
    leastLoss: 0,
    bind({ tasks: names }) {
      const all = inTaskOrder(preference, names, 'preference');
      return {
        weights({ gramian, losses, tasks }) {
          const k = tasks.length;
          const { gramian: g } = unitGramian(gramian);
          const rowOf = (i: number) => g.subarray(i * k, (i + 1) * k);
          const r = sharesOf(all, tasks);
          const products = r.map((share, i) => share * Math.max(0, losses[i] as number));
          const total = sumOf(products);
          const even =
            total > 0 ? products.map((value) => Math.max(smallestShare, value / total)) : products.map(() => 1 / k);
          const logs = even.map((share) => Math.log(k * share));
          const uneven = dot(even, logs);
          if (uneven <= tolerance) {
            const gains = product(g, new Float64Array(k).fill(1));
            return bestShares(
              gains,
              tasks.map((_, i) => rowOf(i)),
              tasks.map(() => 0),
            );
          }
          const anchor = product(
            g,
            r.map((share, i) => share * ((logs[i] as number) - uneven)),
          );
          const most = Math.max(...products);
          const isLargest = (j: number) => products[j] === most;
          const rising = anchor.some((gain) => gain > 0);
          const held = [...tasks.keys()].filter((j) => !rising || isLargest(j) || (anchor[j] as number) <= 0);
          const least = held.map((j) => (!rising || isLargest(j) ? 0 : (anchor[j] as number)));
          return bestShares(anchor, held.map(rowOf), least);
        },
      };
    },
  }),
});
