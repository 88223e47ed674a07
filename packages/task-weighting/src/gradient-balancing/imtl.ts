import {
  choice,
  compactMatrix,
  describePart,
  hostAdam,
  kindOptions,
  number,
  type State,
  type StepPrimitives,
  scaleWeights,
  spread,
  withDefault,
} from '@polytask/core';
import { rescaled } from '../solvers/dense.js';
import { impartialWeights } from './imtl-g.js';

/**
 * IMTL: impartial learning by gradients and losses. What is shared goes the same way along the gradients of all scaled losses, and every task learns a scale
 * that brings its loss to 1.
 *
 * $$ \min_{s, \phi} \sum_k e^{s_k} L_k - s_k, \qquad d = \sum_k \alpha_k \, e^{s_k} g_k, \quad \sum_k \alpha_k = 1, \quad d \cdot u_k = d \cdot u_1 $$
 *
 * where g_k are the tasks' gradients of what is shared, u_k = g_k / ‖g_k‖, φ are parameters of single tasks, which get $e^{s_k} \nabla_{\phi_k} L_k$, and s `[K]`
 * begins with 0.
 *
 * Shapes: J `[K, P]`, losses `[K]` → d `[P]`. With the shared representation z `[B, D]`: J `[K, B · D]`, losses `[K]` → α `[K]`.
 *
 * @remarks The shared direction is that of `imtlG`; the scales change its length under `scale: 'paper'`, and the heads' gradients always. s learns by Adam on the
 * host; its derivative is $e^{s_k} L_k - 1$, and it grows without bound while a loss goes to 0, but not beyond `mostScale`. LibMTL has
 * s in the model's optimizer, where weight decay draws it to 0. Absent tasks' scales stand still. With K = 1 it is single-task training, on a scaled loss.
 *
 * Under `gradientsOf: 'representation'` α is that of the gradients of z, row by row, as the paper has it to save time: they take no way back through the encoder.
 * A second pass carries $\sum_k \alpha_k e^{s_k} L_k$ back through all that is shared, and $e^{s_k} L_k$ to the heads. Then it is z that moves
 * equally far along all tasks' gradients, which parameters do only nearly.
 * @throws `POLYTASK_NO_REPRESENTATION` under `'representation'`, where the model has no representation that all tasks share; `POLYTASK_LOSS_TOO_LOW` for negative losses.
 * @example
 * ```ts
 * import { imtl } from '@polytask/task-weighting';
 *
 * console.log(imtl().options); // => { learningRate: 0.001, mostScale: 20, gradientsOf: 'shared', scale: 'tasks' }
 * ```
 */
export const imtl = /* @__PURE__ */ describePart('step-plan', {
  name: 'imtl',
  summary: "Goes the same way along every task's gradient, and brings all losses to one scale.",
  cites: [
    {
      authors: 'L. Liu, Y. Li, Z. Kuang, J.-H. Xue, Y. Chen, W. Yang, Q. Liao and W. Zhang',
      title: 'Towards impartial multi-task learning',
      venue: 'ICLR',
      year: 2021,
      url: 'https://openreview.net/forum?id=IMPnRXEWpvr',
    },
  ],
  options: {
    learningRate: withDefault(number({ above: 0 }), 1e-3, 'Of the scales s, by Adam.'),
    mostScale: withDefault(number({ above: 0, to: 50 }), 20, 's is kept within this and minus this.'),
    gradientsOf: withDefault(
      choice('shared', 'representation'),
      'shared',
      'Which gradients are compared: of all shared parameters, or of the shared representation.',
    ),
    scale: kindOptions('gradient-balancing').scale,
  },
  make: ({ learningRate, mostScale, gradientsOf, scale }) => ({
    leastLoss: 0,
    bind({ tasks: names }) {
      const k = names.length;
      const scales = hostAdam(
        names.map(() => 0),
        { learningRate },
      );
      return {
        async step(primitives) {
          const present = primitives.active();
          const factors = Float64Array.from(scales.values, (s) =>
            Math.exp(Math.min(mostScale, Math.max(-mostScale, s))),
          );
          const own = await compared(primitives, gradientsOf);
          const alpha = impartialWeights(compactMatrix(rescaled(own.gramian, factors), present, k));
          const found = present.map((i, n) => (alpha[n] as number) * (factors[i] as number));
          const weights = spread(scaleWeights(found, scale), present, k);
          await primitives.apply(await own.combine(weights, factors));
          scales.step(
            factors.map((factor, i) => factor * (own.losses[i] as number) - 1),
            present,
          );
          return { losses: own.losses, weights, gramian: own.gramian };
        },
        saveState: () => ({ scales: scales.saveState() }),
        loadState: (state) => scales.loadState(state.scales as State),
        reset: () => scales.reset(),
      };
    },
  }),
});

/** Gradients to compare, and what they come to under weights of what is shared and factors of the heads. */
async function compared(
  { jacobian, gramian, combine, gramianOf, gradient }: StepPrimitives,
  of: 'shared' | 'representation',
) {
  if (of === 'representation') {
    const { gramians, losses } = await gramianOf(of);
    return {
      losses,
      gramian: gramians[of] as Float64Array,
      combine: async (weights: Float64Array, heads: Float64Array) =>
        (await gradient({ weights, headGradients: heads })).gradient,
    };
  }
  const own = await jacobian();
  return {
    losses: own.losses,
    gramian: await gramian(own),
    combine: (weights: Float64Array, heads: Float64Array) => combine(own, weights, heads),
  };
}
