import { describePart, number, optional } from '@polytask/core';
import { bargainingWeights } from '../solvers/bargaining.js';
import { squaredLength } from '../solvers/dense.js';
import { comparedGradients, updateEveryOption } from './options.js';

/**
 * Nash-MTL: the tasks bargain for the direction, and Nash's solution of the game is taken.
 *
 * $$ G \alpha = 1 / \alpha \ \text{(entry by entry)}, \quad \alpha > 0, \qquad d = J^\top \alpha $$
 *
 * where G = J Jᵀ and J `[K, P]` has the tasks' gradients as rows. Multiplying a task's loss by a constant leaves d as it is.
 *
 * Shapes: G `[K, K]` → α `[K]`.
 *
 * @remarks $\lVert d \rVert = \sqrt K$ always, so that a `maxNorm` of 1, as published, always binds; under `scale: 'tasks'` it changes nothing.
 * Solved by Newton's method on $\tfrac12 \alpha^\top G \alpha - \sum \log \alpha_k$, to rounding. The published code solves a
 * sequence of convex problems, and goes on with the old α where its solver fails; here a failure is an error. For two tasks $\alpha_k
 * = 1 / (\lVert g_k \rVert \sqrt{1 + \cos})$. It is `fairGrad` with α = 1. `updateEvery` is the authors' way to save time. Where
 * gradients cancel there is no solution: the direction is close to
 * 0 then. A task whose gradient is zero gets weight 0. With K = 1 the direction is the unit gradient under `scale: 'paper'`.
 * @throws `POLYTASK_SOLVER` where the solver does not converge.
 * @example
 * ```ts
 * import { balanceGradients } from '@polytask/core';
 * import { nashMtl } from '@polytask/task-weighting';
 * import * as tf from '@tensorflow/tfjs';
 *
 * const balance = balanceGradients(nashMtl({ scale: 'paper' }), ['a', 'b']);
 * const { weights } = await balance.direction(tf.tensor2d([[-4, 1, 1], [6, 1, 1]]));
 * console.log(Array.from(weights ?? [], (weight) => weight.toFixed(4))); // => [ '0.5915', '0.4071' ]
 * balance.dispose();
 * ```
 */
export const nashMtl = /* @__PURE__ */ describePart('gradient-balancing', {
  name: 'nash-mtl',
  summary: "Takes Nash's solution of the bargaining between tasks.",
  cites: [
    {
      authors: 'A. Navon, A. Shamsian, I. Achituve, H. Maron, K. Kawaguchi, G. Chechik and E. Fetaya',
      title: 'Multi-task learning as a bargaining game',
      venue: 'ICML',
      year: 2022,
      url: 'https://arxiv.org/abs/2202.01017',
    },
  ],
  options: {
    maxNorm: optional(number({ above: 0 }), "Longest direction under `scale: 'paper'`; the authors' code has 1."),
    gradientsOf: comparedGradients,
    updateEvery: updateEveryOption,
  },
  make: ({ maxNorm = Number.POSITIVE_INFINITY, gradientsOf, updateEvery }) => ({
    gradientsOf,
    updateEvery,
    bind: () => ({
      weights({ gramian, tasks }) {
        const alpha = bargainingWeights(gramian, new Float64Array(tasks.length).fill(1), 1);
        const length = Math.sqrt(squaredLength(gramian, alpha));
        return length > maxNorm ? alpha.map((weight) => (weight * maxNorm) / length) : alpha;
      },
    }),
  }),
});
