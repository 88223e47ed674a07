import { choice, describePart, hostTensor, number, scaleWeightTensor, withDefault } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { belowWhereAbsent } from '../present.js';
import { moveShareTensors } from '../solvers/shares.js';

/**
 * MoCo: gradients are tracked by moving means, and weights follow slowly, so that the noise of batches does not bias them.
 *
 * $$ Y \leftarrow Y - \beta_n (Y - \tilde J), \qquad \lambda \leftarrow \Pi_\Delta\big(\lambda - \gamma_n (Y Y^\top + \rho I) \lambda\big), \qquad
 * d = Y^\top \lambda, \qquad \beta_n = \frac{\beta}{n^{\sigma}}, \quad \gamma_n = \frac{\gamma}{n^{\sigma_\gamma}} $$
 *
 * where the rows of $\tilde J$ `[K, P]` are $L_k g_k / \lVert g_k \rVert$, or g_k under `normalize: 'none'`, Y `[K, P]` begins with zeros, λ `[K]` with 1/K,
 * Π_Δ is the nearest point of the simplex, and n counts steps from 1.
 *
 * Shapes: J `[K, P]`, losses `[K]` → d `[P]`. State: K · P + K numbers.
 *
 * @remarks LibMTL applies a softmax where the paper projects, which keeps λ near equal weights whatever happens; here it is the projection. The normalised
 * gradients are those of the authors' code, `'none'` is Algorithm 1. Absent tasks keep their means and weights and have no part in d. With K = 1 the
 * direction is the task's mean.
 * @throws `POLYTASK_LOSS_TOO_LOW` for negative losses, which would turn gradients round, unless `normalize: 'none'`.
 * @example
 * ```ts
 * import { balanceGradients } from '@polytask/core';
 * import { moCo } from '@polytask/task-weighting';
 * import * as tf from '@tensorflow/tfjs';
 *
 * const balance = balanceGradients(moCo({ beta: 1, normalize: 'none', scale: 'paper' }), ['a', 'b']);
 * const { weights } = await balance.direction(tf.tensor2d([[2, 0], [0, 0]]), [1, 1]);
 * // λ_1 falls by 0.1 · 4 · 0.5, and both are moved so that they sum to 1 again.
 * console.log(Array.from(weights ?? [], (weight) => weight.toFixed(2))); // => [ '0.40', '0.60' ]
 * balance.dispose();
 * ```
 */
export const moCo = /* @__PURE__ */ describePart('gradient-balancing', {
  name: 'mo-co',
  summary: 'Follows moving means of gradients with weights that change slowly.',
  cites: [
    {
      authors: 'H. Fernando, H. Shen, M. Liu, S. Chaudhury, K. Murugesan and T. Chen',
      title: 'Mitigating gradient bias in multi-objective learning: a provably convergent approach',
      venue: 'ICLR',
      year: 2023,
      url: 'https://openreview.net/forum?id=dLAYGdKTi2',
    },
  ],
  options: {
    beta: withDefault(
      number({ above: 0, to: 1 }),
      0.5,
      'How fast the means follow the gradients.',
      "the authors' code",
    ),
    sigma: withDefault(number({ from: 0 }), 0.5, 'How fast β falls.', "the authors' code"),
    gamma: withDefault(number({ above: 0 }), 0.1, 'Learning rate of the weights.', "the authors' code"),
    gammaSigma: withDefault(number({ from: 0 }), 0.5, 'How fast γ falls.', "the authors' code"),
    rho: withDefault(number({ from: 0 }), 0, 'How much weights are drawn to equal ones.', "the authors' code"),
    normalize: withDefault(
      choice('loss', 'none'),
      'loss',
      'What gradients are made of before: as long as their loss, or left as they are.',
      "the authors' code",
    ),
  },
  make: ({ beta, sigma, gamma, gammaSigma, rho, normalize, scale }) => ({
    // A negative loss would turn its gradient round.
    ...(normalize === 'loss' && { leastLoss: 0 }),
    bind: () => ({
      state: ({ tasks, columns }) => ({
        tracked: [tasks, columns],
        lambda: hostTensor(new Array<number>(tasks).fill(1 / tasks)),
      }),
      feeds: ({ step }) => ({
        beta: hostTensor(beta / (step + 1) ** sigma),
        gamma: hostTensor(gamma / (step + 1) ** gammaSigma),
      }),
      aggregate({ jacobian, losses, active, ...given }) {
        const state = given.state as Record<'tracked' | 'lambda', tf.Tensor>;
        const feeds = given.feeds as Record<'beta' | 'gamma', tf.Tensor>;
        const lengths = tf.sqrt(tf.sum(tf.square(jacobian), 1, true));
        const wanted =
          normalize === 'none' ? jacobian : tf.mul(tf.divNoNan(jacobian, lengths), tf.expandDims(losses, 1));
        const there = tf.expandDims(active, 1);
        const pull = tf.mul(tf.mul(tf.sub(state.tracked, wanted), feeds.beta), there);
        const tracked = tf.sub(state.tracked, pull) as tf.Tensor2D;
        const before = state.lambda as tf.Tensor1D;
        const lambda = tf.mul(before, active) as tf.Tensor1D;
        // In units of the largest entry above 1: products of gradients may be too large for float32.
        const size = tf.maximum(tf.max(tf.abs(tracked)), 1);
        const inUnits = tf.div(tracked, size) as tf.Tensor2D;
        const gains = tf.reshape(tf.matMul(inUnits, tf.matMul(inUnits, tf.expandDims(lambda, 1), true, false)), [-1]);
        const slope = tf.add(gains, tf.div(tf.div(tf.mul(lambda, rho), size), size));
        // How much further down than that of the task with the least slope. What falls behind by 1 has no share left.
        const most = tf.max(belowWhereAbsent(tf.neg(slope), active));
        const behind = tf.mul(tf.mul(tf.mul(tf.add(slope, most), feeds.gamma), size), size);
        const moved = tf.sub(before, tf.minimum(behind, 2)) as tf.Tensor1D;
        const next = moveShareTensors(before, active, moved);
        const present = tf.mul(next, active) as tf.Tensor1D;
        const weights = scale === 'tasks' ? scaleWeightTensor(present, active) : present;
        const direction = tf.reshape(tf.matMul(tf.expandDims(weights, 0), tracked), [-1]);
        return { direction, state: { tracked, lambda: next }, weights };
      },
    }),
  }),
});
