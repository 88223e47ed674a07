import { compact, describePart, number, type State, spread, withDefault } from '@polytask/core';
import { product } from '../solvers/dense.js';
import { moveShares } from '../solvers/shares.js';
import { comparedGradients, inTaskOrder, preferenceOption } from './options.js';

/**
 * FERERO with a preference: descends on all losses while their ratios are drawn to those of a preference, in a single loop.
 *
 * $$ \lambda_f \leftarrow \Pi_\Delta\big(\lambda_f - \gamma \, J d\big), \qquad \lambda_h \leftarrow \lambda_h - \gamma \big(B J d - \tfrac12 B L\big), \qquad
 * \lambda = \lambda_f + B^\top \lambda_h, \qquad d = J^\top \lambda $$
 *
 * where J `[K, P]` has the tasks' gradients as rows, L `[K]` are the losses, Π_Δ is the nearest point of the simplex, and the rows of B ask for the
 * ratios of neighbours: $p_{k+1} L_k = p_k L_{k+1}$ with preferences p of length 1. At first λ_f = 1/K and λ_h = 0.
 *
 * Shapes: G = J Jᵀ `[K, K]` and losses `[K]` → λ `[K]`.
 *
 * @remarks p_k is where the loss of task k should be relative to others', so a task that matters more has a smaller one. Weights may be negative while
 * ratios are far off. λ moves by gradients as they are, so γ goes with their squared length. Only pairs of neighbours that are both present
 * are compared. With K = 1 the direction is the task's gradient.
 * @example
 * ```ts
 * import { balanceGradients } from '@polytask/core';
 * import { fereroPreference } from '@polytask/task-weighting';
 * import * as tf from '@tensorflow/tfjs';
 *
 * const balance = balanceGradients(fereroPreference({ gamma: 0.1, scale: 'paper' }), ['a', 'b']);
 * await balance.direction(tf.tensor2d([[1, 0], [0, 1]]), [4, 2]);
 * const { weights } = await balance.direction(tf.tensor2d([[1, 0], [0, 1]]), [4, 2]);
 * // The loss of `a` is too large for equal preferences.
 * console.log(Array.from(weights ?? [], (weight) => weight.toFixed(3))); // => [ '0.550', '0.450' ]
 * balance.dispose();
 * ```
 */
export const fereroPreference = /* @__PURE__ */ describePart('gradient-balancing', {
  name: 'ferero-preference',
  summary: 'Descends on all losses while their ratios are drawn to those of a preference.',
  cites: [
    {
      authors: 'L. Chen, A. Saif, Y. Shen and T. Chen',
      title: 'FERERO: a flexible framework for preference-guided multi-objective learning',
      venue: 'NeurIPS',
      year: 2024,
      url: 'https://arxiv.org/abs/2412.01773',
    },
  ],
  options: {
    preference: preferenceOption,
    gamma: withDefault(number({ above: 0 }), 1e-5, 'Learning rate of the weights.', "the authors' code"),
    gradientsOf: comparedGradients,
  },
  make: ({ preference, gamma, gradientsOf }) => ({
    gradientsOf,
    bind({ tasks: names }) {
      const k = names.length;
      const given = inTaskOrder(preference, names, 'preference');
      const p = given.map((value) => value / Math.hypot(...given));
      const blocks = new Map<string, { simplex: Float64Array; pairs: Float64Array }>();
      const start = () => ({ simplex: new Float64Array(k).fill(1 / k), pairs: new Float64Array(Math.max(0, k - 1)) });
      return {
        weights({ gramian, losses, tasks, block }) {
          const state = blocks.get(block) ?? start();
          blocks.set(block, state);
          const { simplex, pairs } = state;
          const present = new Set(tasks);
          const compared = [...pairs.keys()].filter((i) => present.has(i) && present.has(i + 1));
          const lambda = Float64Array.from(simplex);
          const add = (i: number, amount: number) => {
            lambda[i] = (lambda[i] as number) + amount;
          };
          for (const i of compared) {
            add(i, (p[i + 1] as number) * (pairs[i] as number));
            add(i + 1, -(p[i] as number) * (pairs[i] as number));
          }
          const found = compact(lambda, tasks);
          const gains = spread(product(gramian, found), tasks, k);
          const values = spread(losses, tasks, k);
          const difference = (of: Float64Array, i: number) =>
            (p[i + 1] as number) * (of[i] as number) - (p[i] as number) * (of[i + 1] as number);
          for (const i of compared) {
            pairs[i] = (pairs[i] as number) - gamma * (difference(gains, i) - difference(values, i) / 2);
          }
          const wanted = tasks.map((task) => (simplex[task] as number) - gamma * (gains[task] as number));
          state.simplex = moveShares(simplex, tasks, wanted);
          return found;
        },
        saveState: () => ({
          blocks: Object.fromEntries(
            [...blocks].map(([block, { simplex, pairs }]) => [
              block,
              { simplex: Array.from(simplex), pairs: Array.from(pairs) },
            ]),
          ),
        }),
        loadState(saved) {
          blocks.clear();
          for (const [block, { simplex, pairs }] of Object.entries(saved.blocks as Record<string, State>)) {
            blocks.set(block, {
              simplex: Float64Array.from(simplex as number[]),
              pairs: Float64Array.from(pairs as number[]),
            });
          }
        },
        reset: () => blocks.clear(),
      };
    },
  }),
});
