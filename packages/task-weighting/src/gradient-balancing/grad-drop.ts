import { describePart, number, withDefault } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { combinedGradients } from './options.js';

/**
 * GradDrop, gradient sign dropout: of every coordinate either the positive or the negative gradients are kept, by chance.
 *
 * $$ P = \tfrac12 \Big(1 + \frac{\sum_k g_k}{\sum_k \lvert g_k \rvert}\Big), \qquad M_k = [U < P, g_k > 0] + [U > P, g_k < 0], \qquad
 * d = \sum_k (\ell + (1 - \ell) M_k) \, g_k $$
 *
 * coordinate by coordinate, where g_k are the rows of J `[K, P]`, U is drawn evenly from [0, 1), and ℓ is the leak.
 *
 * Shapes: J `[K, P]` → d `[P]`.
 *
 * @remarks The mean of d over U, without a leak, has the sign of the sum of gradients. U is drawn from the run's seed, one number per coordinate. The paper
 * looks at gradients of the shared representation, summed over the batch and times the sign of the activation; here `gradientsOf:
 * 'representation'` looks at every row by itself, and the default at the gradients of all shared parameters, as TorchJD does. Coordinates
 * without any gradient stay 0. `scale` changes nothing: there are no weights. With K = 1 the direction is the task's gradient.
 * @example
 * ```ts
 * import { balanceGradients } from '@polytask/core';
 * import { gradDrop } from '@polytask/task-weighting';
 * import * as tf from '@tensorflow/tfjs';
 *
 * // Where gradients agree, all are kept.
 * const balance = balanceGradients(gradDrop(), ['a', 'b']);
 * const { direction } = await balance.direction(tf.tensor2d([[1, -2], [2, -1]]));
 * console.log(direction.dataSync()); // => Float32Array(2) [ 3, -3 ]
 * balance.dispose();
 * ```
 */
export const gradDrop = /* @__PURE__ */ describePart('gradient-balancing', {
  name: 'grad-drop',
  summary: 'Keeps, of every coordinate, either the positive or the negative gradients, by chance.',
  cites: [
    {
      authors: 'Z. Chen, J. Ngiam, Y. Huang, T. Luong, H. Kretzschmar, Y. Chai and D. Anguelov',
      title: 'Just pick a sign: optimizing deep multitask models with gradient sign dropout',
      venue: 'NeurIPS',
      year: 2020,
      url: 'https://arxiv.org/abs/2010.06808',
    },
  ],
  options: {
    leak: withDefault(number({ from: 0, to: 1 }), 0, 'ℓ: share of every gradient that is kept in any case.', 'paper'),
    gradientsOf: combinedGradients,
  },
  make: ({ leak, gradientsOf }) => ({
    gradientsOf,
    bind: () => ({
      aggregate({ jacobian, uniform }) {
        const sizes = tf.sum(tf.abs(jacobian), 0);
        const purity = tf.mul(tf.add(tf.divNoNan(tf.sum(jacobian, 0), sizes), 1), 0.5);
        const positive = tf.greater(purity, uniform('keep', [jacobian.shape[1]]));
        const kept = tf.where(positive, tf.relu(jacobian), tf.neg(tf.relu(tf.neg(jacobian))));
        const all = leak === 0 ? kept : tf.add(tf.mul(jacobian, leak), tf.mul(kept, 1 - leak));
        return { direction: tf.sum(all, 0) };
      },
    }),
  }),
});
