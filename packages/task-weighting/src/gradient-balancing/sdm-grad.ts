import {
  compact,
  compactMatrix,
  describePart,
  kindOptions,
  number,
  projectOnSimplex,
  scaleWeights,
  spread,
  whole,
  withDefault,
} from '@polytask/core';
import { product, sumOf } from '../solvers/dense.js';
import { moveShares } from '../solvers/shares.js';
import { presentIn } from './three-batches.js';

/**
 * SDMGrad: the shortest combination of gradients, drawn towards the mean gradient, found by stochastic descent on independent batches.
 *
 * $$ A = \frac{J_1 J_2^\top}{s^2}, \quad w \leftarrow \Pi_\Delta\Big(w - \eta \, \mathrm{momentum}\big(A w + \tfrac{\lambda}{K} A \mathbf 1\big)\Big), \qquad
 * d = \frac{J_3^\top w + \lambda g_0}{1 + \lambda} $$
 *
 * where J_1 and J_2 `[K, P]` are the tasks' gradients on two further batches, J_3 those on the step's own with mean g_0, s is the mean of the roots of
 * A's diagonal before it is divided, and w `[K]` goes on from step to step, with some iterations at each.
 *
 * Shapes: J `[K, P]` of three batches → w `[K]` and d `[P]`.
 *
 * @remarks A step costs three. Parameters of a single task get the gradient on the step's own batch, once; LibMTL gives them three times as much. λ = 0 is near
 * `mgda`, a large one the mean. The momentum begins anew with every step. Weights of tasks that are absent from one of the batches stand still.
 * With K = 1 the direction is the task's gradient.
 * @example
 * ```ts
 * import { sdmGrad } from '@polytask/task-weighting';
 *
 * console.log(sdmGrad({ lambda: 0.6 }).options.lambda); // => 0.6
 * ```
 */
export const sdmGrad = /* @__PURE__ */ describePart('step-plan', {
  name: 'sdm-grad',
  summary: 'Seeks the shortest combination of gradients, drawn towards their mean, on independent batches.',
  cites: [
    {
      authors: 'P. Xiao, H. Ban and K. Ji',
      title: 'Direction-oriented multi-objective learning: simple and provable stochastic algorithms',
      venue: 'NeurIPS',
      year: 2023,
      url: 'https://arxiv.org/abs/2305.18409',
    },
  ],
  options: {
    lambda: withDefault(number({ from: 0 }), 0.3, 'How much the direction is drawn towards the mean.', 'paper'),
    learningRate: withDefault(number({ above: 0 }), 5, 'Of the weights.', 'LibMTL'),
    momentum: withDefault(number({ from: 0, below: 1 }), 0.5, 'Of the weights.', "the authors' code"),
    iterations: withDefault(whole({ from: 1, to: 1000 }), 20, 'Of the weights at every step.', "the authors' code"),
    ...kindOptions('gradient-balancing'),
  },
  make: ({ lambda, learningRate, momentum, iterations, scale, headGradients }) => ({
    bind({ tasks: names }) {
      const k = names.length;
      const start = () => new Float64Array(k).fill(1 / k);
      let shares: Float64Array = start();
      return {
        async step({ jacobian, gramian, combine, apply, anotherBatch }) {
          const own = await jacobian();
          const first = await jacobian({ batch: await anotherBatch() });
          const second = await jacobian({ batch: await anotherBatch() });
          const present = presentIn(own, first, second);
          const cross = unit(compactMatrix(await gramian(first, second), present, k), present.length);
          const held = compact(shares, present);
          const total = sumOf(held);
          if (total > 0) {
            const drawn = lambda / present.length;
            let w = held.map((share) => share / total);
            let velocity = new Float64Array(w.length);
            for (let n = 0; n < iterations; n++) {
              const slopes = product(
                cross,
                w.map((weight) => weight + drawn),
              );
              velocity = velocity.map((value, i) => momentum * value + (slopes[i] as number));
              w = Float64Array.from(
                projectOnSimplex(w.map((weight, i) => weight - learningRate * (velocity[i] as number))),
              );
            }
            shares = moveShares(
              shares,
              present,
              w.map((weight) => weight * total),
            );
          }
          const mean = lambda / own.active.length;
          const found = own.active.map((i) => ((shares[i] as number) + mean) / (1 + lambda));
          const weights = spread(scaleWeights(found, scale), own.active, k);
          await apply(await combine(own, weights, headGradients));
          return { losses: own.losses, weights, gramian: await gramian(own) };
        },
        saveState: () => ({ shares: Array.from(shares) }),
        loadState(state) {
          shares = Float64Array.from(state.shares as number[]);
        },
        reset() {
          shares = start();
        },
      };
    },
  }),
});

/** A / s², with s the mean of the roots of the diagonal; as it is where that is 0. */
function unit(cross: Float64Array, k: number): Float64Array {
  let sum = 0;
  for (let i = 0; i < k; i++) sum += Math.sqrt(Math.max(0, cross[i * (k + 1)] as number));
  return sum > 0 ? cross.map((value) => value / (sum / k) / (sum / k)) : cross;
}
