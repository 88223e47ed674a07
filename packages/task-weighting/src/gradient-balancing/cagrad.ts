import { choice, describePart, number, withDefault } from '@polytask/core';
import { conflictAverse } from '../solvers/conflict-averse.js';
import { comparedGradients, updateEveryOption } from './options.js';

/**
 * CAGrad, conflict-averse gradient descent: near the mean gradient, the direction that does most for the task it does least for.
 *
 * $$ d = \arg\max_{\lVert d - g_0 \rVert \le c \lVert g_0 \rVert} \min_k g_k \cdot d = g_0 + \frac{c \lVert g_0 \rVert}{\lVert g_w \rVert} g_w,
 * \qquad w = \arg\min_{w \ge 0,\ \sum w = 1} g_w \cdot g_0 + c \lVert g_0 \rVert \lVert g_w \rVert $$
 *
 * where g_k are the rows of J `[K, P]`, $g_0$ their mean and $g_w = J^\top w$.
 *
 * Shapes: G = J Jᵀ `[K, K]` → the weights of all gradients in d, `[K]`.
 *
 * @remarks c = 0 is the mean, and the larger c, the nearer d is to `mgda`. Below 1 it converges to a minimum of the mean loss. The problem is solved
 * exactly, by its dual; others stop at 1e-6 or add to square roots. `rescale` matters under `scale: 'paper'` only: some
 * implementations divide by 1 + c² or 1 + c, others multiply by K. Where the gradients cancel the direction stays near the mean. With K = 1 the direction is
 * 1 + c times the gradient.
 * @throws `POLYTASK_SOLVER` where the solver does not come to an end.
 * @example
 * ```ts
 * import { balanceGradients } from '@polytask/core';
 * import { cagrad } from '@polytask/task-weighting';
 * import * as tf from '@tensorflow/tfjs';
 *
 * const balance = balanceGradients(cagrad({ c: 0.4, scale: 'paper' }), ['a', 'b']);
 * const { weights } = await balance.direction(tf.tensor2d([[-4, 1, 1], [6, 1, 1]]));
 * console.log(Array.from(weights ?? [], (weight) => weight.toFixed(4))); // => [ '0.6633', '0.5000' ]
 * balance.dispose();
 * ```
 */
export const cagrad = /* @__PURE__ */ describePart('gradient-balancing', {
  name: 'cagrad',
  summary: 'Does most for the task that gains least, in a ball around the mean gradient.',
  cites: [
    {
      authors: 'B. Liu, X. Liu, X. Jin, P. Stone and Q. Liu',
      title: 'Conflict-averse gradient descent for multi-task learning',
      venue: 'NeurIPS',
      year: 2021,
      url: 'https://arxiv.org/abs/2110.14048',
    },
  ],
  options: {
    c: withDefault(
      number({ from: 0 }),
      0.5,
      'Radius of the ball, as a share of the length of the mean gradient.',
      'paper',
    ),
    rescale: withDefault(choice('none', '1+c', '1+c^2'), 'none', 'What the direction is divided by.', 'paper'),
    gradientsOf: comparedGradients,
    updateEvery: updateEveryOption,
  },
  make: ({ c, rescale, gradientsOf, updateEvery }) => {
    const divisor = { none: 1, '1+c': 1 + c, '1+c^2': 1 + c * c }[rescale];
    return {
      gradientsOf,
      updateEvery,
      bind: () => ({ weights: ({ gramian }) => conflictAverse(gramian, c).map((weight) => weight / divisor) }),
    };
  },
});
