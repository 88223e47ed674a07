import { describePart, extend, flag, number, projectOnSimplex, withDefault } from '@polytask/core';
import { primaryIndex, primaryOptions } from './primary.js';

/**
 * ARML, auxiliary task reweighting: weights under which the auxiliary tasks' gradients add up to the primary task's.
 *
 * $$ d = g_p + \sum_{i \ne p} w_i g_i, \qquad
 * w \leftarrow w - \eta\, \nabla_w \Big\lVert g_p - \sum_{i \ne p} w_i g_i \Big\rVert^2, \qquad
 * \frac{\partial}{\partial w_i} = -2 \Big( g_i \cdot g_p - \sum_{j \ne p} w_j\, g_i \cdot g_j \Big) $$
 *
 * where
 * - g_i are the tasks' gradients of the shared parameters, of which G = J Jᵀ `[K, K]` is enough,
 * - p is the primary task, whose weight stays 1; the others' weights are 1 at first,
 * - η is the step size, in units of 1 / ‖g‖².
 *
 * Shapes: G = J Jᵀ `[K, K]` → w `[K]`.
 *
 * @remarks With `simplex` weights are projected after every step, so that none is negative and they sum to the number
 * of auxiliary tasks. ForkMerge's code has no such bound (`simplex: false`); then a large η lets weights run away. The
 * noise of the paper's Langevin dynamics is left out, as there. Weights of absent tasks stand still, and all do without
 * the primary task.
 * @throws `POLYTASK_INVALID_OPTION` where no primary task is named.
 * @example
 * ```ts
 * import { balanceGradients } from '@polytask/core';
 * import { arml } from '@polytask/task-weighting';
 * import * as tf from '@tensorflow/tfjs';
 *
 * const balance = balanceGradients(arml({ primary: 'a', learningRate: 0.1, scale: 'paper' }), ['a', 'b', 'c']);
 * const { weights } = await balance.direction(tf.tensor2d([[1, 0], [1, 0], [0, 1]]));
 * console.log([...(weights ?? [])].map((weight) => weight.toFixed(2))); // => [ '1.00', '1.10', '0.90' ]
 * balance.dispose();
 * ```
 */
export const arml = /* @__PURE__ */ describePart('gradient-balancing', {
  name: 'arml',
  summary: "Learns weights under which auxiliary tasks' gradients add up to the primary task's.",
  cites: [
    {
      authors: 'B. Shi, J. Hoffman, K. Saenko, T. Darrell and H. Xu',
      title: 'Auxiliary task reweighting for minimum-data learning',
      venue: 'NeurIPS',
      year: 2020,
      url: 'https://arxiv.org/abs/2010.08244',
      note: 'As in the code of ForkMerge: a gradient step per batch, on the Gramian alone.',
    },
  ],
  options: extend(primaryOptions, {
    learningRate: withDefault(number({ above: 0 }), 0.01, 'η.'),
    simplex: withDefault(flag(), true, 'Whether weights stay positive and keep their sum.', 'paper'),
  }),
  make: ({ primary, learningRate, simplex }) => ({
    bind(context) {
      const p = primaryIndex(primary, context);
      const names = context.tasks;
      let weights = names.map(() => 1);
      return {
        weights({ gramian, tasks }) {
          const k = tasks.length;
          const at = tasks.indexOf(p);
          const helpers = tasks.flatMap((task, i) => (task === p ? [] : [{ task, i }]));
          if (at >= 0 && helpers.length > 0) {
            const product = (i: number, j: number) => gramian[i * k + j] as number;
            const moved = helpers.map(({ task, i }) => {
              const covered = helpers.reduce(
                (sum, other) => sum + (weights[other.task] as number) * product(i, other.i),
                0,
              );
              return (weights[task] as number) + 2 * learningRate * (product(i, at) - covered);
            });
            const next = simplex
              ? onSimplex(
                  moved,
                  helpers.reduce((sum, { task }) => sum + (weights[task] as number), 0),
                )
              : moved;
            helpers.forEach(({ task }, h) => {
              weights[task] = next[h] as number;
            });
          }
          return tasks.map((task) => weights[task] as number);
        },
        saveState: () => ({ weights }),
        loadState(state) {
          weights = [...(state.weights as number[])];
        },
        reset() {
          weights = names.map(() => 1);
        },
      };
    },
  }),
});

/** The nearest numbers from 0 with this sum; as they are where they are to sum to 0. */
function onSimplex(point: readonly number[], sum: number): ArrayLike<number> {
  if (!(sum > 0)) return point.map(() => 0);
  return projectOnSimplex(point.map((one) => one / sum)).map((share) => share * sum);
}
