import { byTask, describePart, either, number, withDefault } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { numbersByTask } from '../by-task.js';
import { combinedGradients } from './options.js';

const share = /* @__PURE__ */ number({ from: 0, to: 1 });

/**
 * GradDrop, gradient sign dropout: of every coordinate either the positive or the negative gradients are kept, by chance.
 *
 * $$ P = \tfrac12 \Big(1 + \frac{\sum_k g_k}{\sum_k \lvert g_k \rvert}\Big), \qquad M_k = [U < P, g_k > 0] + [U > P, g_k < 0], \qquad
 * d = \sum_k (\ell_k + (1 - \ell_k) M_k) \, g_k $$
 *
 * coordinate by coordinate, where g_k are the rows of J `[K, P]`, U is drawn evenly from [0, 1), and ℓ_k is the leak of task k.
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
    leak: withDefault(
      either([share, byTask(share, 'shares')], 'a number from 0 to 1, or numbers by task name'),
      0,
      'ℓ: share of every gradient that is kept in any case; of all tasks alike, or by task, of which those not named have 0.',
      'paper',
    ),
    gradientsOf: combinedGradients,
  },
  make: ({ leak, gradientsOf }) => ({
    gradientsOf,
    bind({ tasks }) {
      const leaks = typeof leak === 'number' ? tasks.map(() => leak) : numbersByTask(tasks, leak, 0, 'leak');
      return {
        aggregate({ jacobian, uniform }) {
          const sizes = tf.sum(tf.abs(jacobian), 0);
          const purity = tf.mul(tf.add(tf.divNoNan(tf.sum(jacobian, 0), sizes), 1), 0.5);
          const positive = tf.greater(purity, uniform('keep', [jacobian.shape[1]]));
          const kept = tf.where(positive, tf.relu(jacobian), tf.neg(tf.relu(tf.neg(jacobian))));
          const leaked = tf.mul(tf.sub(jacobian, kept), tf.tensor2d(leaks, [tasks.length, 1]));
          return { direction: tf.sum(leaks.some((one) => one > 0) ? tf.add(kept, leaked) : kept, 0) };
        },
      };
    },
  }),
});
