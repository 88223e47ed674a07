import {
  compact,
  describePart,
  extend,
  number,
  scaleWeights,
  softmax,
  spread,
  whole,
  withDefault,
} from '@polytask/core';
import { clusterMeans } from '../cluster-means.js';
import { smallestLoss } from '../log-losses.js';
import { planOptions } from '../plan-options.js';

/**
 * GO4Align, group optimisation for multi-task alignment: tasks whose risks are alike share a weight.
 *
 * $$ q_k \leftarrow \frac{q_k e^{-\eta L_k}}{\sum_j q_j e^{-\eta L_j}}, \qquad
 * \tilde w_k = q_k \frac{\sum_j L_j}{L_k}, \qquad
 * w_k = \operatorname{mean}_{j \in C(k)} \tilde w_j $$
 *
 * where
 * - L_k `[K]` are the tasks' losses of the batch,
 * - q_k, 1/K at first, remembers how large the losses have been,
 * - C(k) is the cluster of task k among the $\tilde w$, of G clusters by k-means.
 *
 * Shapes: losses `[K]` → w `[K]`.
 *
 * @remarks Weights follow from the losses of the step itself, which takes a forward pass before the one of the step.
 * Clusters are exact, by dynamic programming on the sorted numbers, where the authors' code searches from a random
 * start. The sign in the exponent favours small losses, as published. With η = 10⁻⁴ and losses of ordinary size q stays
 * even: then G = 1 is equal weighting, and G = K is `scaleInvariant` up to a factor. A loss of 0 has weight 0.
 * @throws `POLYTASK_LOSS_TOO_LOW` for negative losses.
 * @example
 * ```ts
 * import { go4align } from '@polytask/task-weighting';
 *
 * console.log(go4align({ groups: 3 }).options); // => { groups: 3, eta: 0.0001, scale: 'tasks' }
 * ```
 */
export const go4align = /* @__PURE__ */ describePart('step-plan', {
  name: 'go4align',
  summary: 'Weighs tasks in groups of similar risk.',
  cites: [
    {
      authors: 'J. Shen, C. Wang, Z. Xiao, N. van Noord and M. Worring',
      title: 'GO4Align: group optimization for multi-task alignment',
      venue: 'NeurIPS',
      year: 2024,
      url: 'https://arxiv.org/abs/2404.06486',
    },
  ],
  options: extend(
    {
      groups: withDefault(whole({ from: 1 }), 2, 'G. With as many as there are tasks, each has a weight of its own.'),
      eta: withDefault(number({ from: 0 }), 1e-4, 'η: how fast q follows the losses.', 'authors’ code'),
    },
    planOptions,
  ),
  make: ({ groups, eta, scale }) => ({
    leastLoss: 0,
    bind({ tasks }) {
      // log q, up to a constant: q itself would underflow.
      let logits = tasks.map(() => 0);
      return {
        async step({ losses, gradient, apply, active }) {
          const now = await losses();
          const present = active();
          for (const k of present) logits[k] = (logits[k] as number) - eta * (now[k] as number);
          const q = softmax(logits);
          const learnable = present.filter((k) => (now[k] as number) > smallestLoss);
          const total = present.reduce((sum, k) => sum + (now[k] as number), 0);
          const risks = learnable.map((k) => ((q[k] as number) * total) / (now[k] as number));
          const weights = learnable.length === 0 ? [] : clusterMeans(risks, groups);
          const all = compact(spread(weights, learnable, tasks.length), present);
          const found = await gradient({ weights: spread(scaleWeights(all, scale), present, tasks.length) });
          await apply(found.gradient);
          return found;
        },
        saveState: () => ({ logits }),
        loadState(state) {
          logits = [...(state.logits as number[])];
        },
        reset() {
          logits = tasks.map(() => 0);
        },
      };
    },
  }),
});
