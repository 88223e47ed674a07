import {
  compactMatrix,
  describePart,
  hostAdam,
  kindOptions,
  number,
  type State,
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
 * Shapes: J `[K, P]`, losses `[K]` → d `[P]`.
 *
 * @remarks The shared direction is that of `imtlG`; the scales change its length under `scale: 'paper'`, and the heads' gradients always. s learns by Adam on the
 * host; its derivative is $e^{s_k} L_k - 1$, and it grows without bound while a loss goes to 0, but not beyond `mostScale`. LibMTL has
 * s in the model's optimizer, where weight decay draws it to 0. Absent tasks' scales stand still. With K = 1 it is single-task training, on a scaled loss.
 * @throws `POLYTASK_LOSS_TOO_LOW` for negative losses.
 * @example
 * ```ts
 * import { imtl } from '@polytask/task-weighting';
 *
 * console.log(imtl().options); // => { learningRate: 0.001, mostScale: 20, scale: 'tasks' }
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
    scale: kindOptions('gradient-balancing').scale,
  },
  make: ({ learningRate, mostScale, scale }) => ({
    leastLoss: 0,
    bind({ tasks: names }) {
      const k = names.length;
      const scales = hostAdam(
        names.map(() => 0),
        { learningRate },
      );
      return {
        async step({ jacobian, gramian, combine, axpy, apply }) {
          const own = await jacobian();
          const all = await gramian(own);
          const factors = Float64Array.from(scales.values, (s) =>
            Math.exp(Math.min(mostScale, Math.max(-mostScale, s))),
          );
          const alpha = spread(impartialWeights(compactMatrix(rescaled(all, factors), own.active, k)), own.active, k);
          const found = own.active.map((i) => (alpha[i] as number) * (factors[i] as number));
          const weights = spread(scaleWeights(found, scale), own.active, k);
          // Heads times e^s, and what is shared times the weights: a combination is linear in them.
          const direction = await combine(own, factors, 'weighted');
          await axpy(
            direction,
            1,
            await combine(
              own,
              weights.map((weight, i) => weight - (factors[i] as number)),
              'raw',
            ),
          );
          await axpy(direction, -1, await combine(own, new Float64Array(k), 'raw'));
          await apply(direction);
          scales.step(
            factors.map((factor, i) => factor * (own.losses[i] as number) - 1),
            own.active,
          );
          return { losses: own.losses, weights, gramian: all };
        },
        saveState: () => ({ scales: scales.saveState() }),
        loadState: (state) => scales.loadState(state.scales as State),
        reset: () => scales.reset(),
      };
    },
  }),
});
