import { describePart, kindOptions, number, scaleWeights, spread, withDefault } from '@polytask/core';
import { product } from '../solvers/dense.js';
import { moveShares } from '../solvers/shares.js';
import { presentIn } from './three-batches.js';

/**
 * MoDo: weights follow an estimate of what each task gains that is not biased, since it is made of two independent batches.
 *
 * $$ \lambda \leftarrow \Pi_\Delta\big(\lambda - \gamma (J_1 J_2^\top \lambda + \rho \lambda)\big), \qquad d = J_3^\top \lambda $$
 *
 * where J_1 and J_2 `[K, P]` are the tasks' gradients on two further batches, J_3 those on the step's own, λ `[K]` begins with 1/K, and Π_Δ is the nearest point of
 * the simplex.
 *
 * Shapes: J `[K, P]` of three batches → λ `[K]` and d `[P]`.
 *
 * @remarks A step costs three. Parameters of a single task get the gradient on the step's own batch, once; LibMTL adds up three batches and
 * divides by three. The cross product of two batches is what makes it MoDo: with one batch for both, as TorchJD allows, it is something else. Weights of tasks
 * that are absent from one of the batches stand still. γ goes with the squared length of gradients. With K = 1 the direction is the task's
 * gradient.
 * @example
 * ```ts
 * import { moDo } from '@polytask/task-weighting';
 *
 * console.log(moDo({ gamma: 0.01 }).options); // => { gamma: 0.01, rho: 0.1, scale: 'tasks', headGradients: 'raw' }
 * ```
 */
export const moDo = /* @__PURE__ */ describePart('step-plan', {
  name: 'mo-do',
  summary: "Follows the tasks' gains, estimated from two further batches, with weights that change slowly.",
  cites: [
    {
      authors: 'L. Chen, H. Fernando, Y. Ying and T. Chen',
      title: 'Three-way trade-off in multi-objective learning: optimization, generalization and conflict-avoidance',
      venue: 'NeurIPS',
      year: 2023,
      url: 'https://arxiv.org/abs/2305.20057',
    },
  ],
  options: {
    gamma: withDefault(number({ above: 0 }), 1e-3, 'Learning rate of the weights.', 'LibMTL'),
    rho: withDefault(number({ from: 0 }), 0.1, 'How much weights are drawn to equal ones.', 'LibMTL'),
    ...kindOptions('gradient-balancing'),
  },
  make: ({ gamma, rho, scale, headGradients }) => ({
    bind({ tasks: names }) {
      const start = () => new Float64Array(names.length).fill(1 / names.length);
      let lambda: Float64Array = start();
      return {
        async step({ jacobian, gramian, combine, apply, anotherBatch }) {
          const own = await jacobian();
          const first = await jacobian({ batch: await anotherBatch() });
          const second = await jacobian({ batch: await anotherBatch() });
          const gains = product(await gramian(first, second), lambda);
          const present = presentIn(own, first, second);
          const wanted = present.map((i) => {
            const value = lambda[i] as number;
            return value - gamma * ((gains[i] as number) + rho * value);
          });
          lambda = moveShares(lambda, present, wanted);
          const weights = spread(
            scaleWeights(
              own.active.map((i) => lambda[i] as number),
              scale,
            ),
            own.active,
            names.length,
          );
          await apply(await combine(own, weights, headGradients));
          return { losses: own.losses, weights, gramian: await gramian(own) };
        },
        saveState: () => ({ lambda: Array.from(lambda) }),
        loadState(state) {
          lambda = Float64Array.from(state.lambda as number[]);
        },
        reset() {
          lambda = start();
        },
      };
    },
  }),
});
