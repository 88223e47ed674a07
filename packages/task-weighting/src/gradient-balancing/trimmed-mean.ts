import { describePart, whole, withDefault } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { combinedGradients } from './options.js';

/**
 * The trimmed mean: of every coordinate the largest and the smallest gradients are left out, and the rest is averaged.
 *
 * $$ d_p = \frac{1}{K - 2b} \sum_{i = b + 1}^{K - b} g_{(i) p} $$
 *
 * where $g_{(1) p} \le \dots \le g_{(K) p}$ are the entries of column p of J `[K, P]` in order, and b of them are left out at either end.
 *
 * Shapes: J `[K, P]` → d `[P]`.
 *
 * @remarks Made for workers some of which may be faulty. Where 2b or fewer tasks are present, as many are left out as leave one. Under `scale: 'tasks'` the
 * direction is the number of tasks present times the mean. With K = 1 it is the task's gradient.
 * @example
 * ```ts
 * import { balanceGradients } from '@polytask/core';
 * import { trimmedMean } from '@polytask/task-weighting';
 * import * as tf from '@tensorflow/tfjs';
 *
 * const balance = balanceGradients(trimmedMean({ scale: 'paper' }), ['a', 'b', 'c', 'odd']);
 * const { direction } = await balance.direction(tf.tensor2d([[1, 4], [2, 3], [3, 2], [-900, 800]]));
 * console.log(direction.dataSync()); // => Float32Array(2) [ 1.5, 3.5 ]
 * balance.dispose();
 * ```
 */
export const trimmedMean = /* @__PURE__ */ describePart('gradient-balancing', {
  name: 'trimmed-mean',
  summary: 'Averages the gradients without the largest and the smallest of every coordinate.',
  cites: [
    {
      authors: 'D. Yin, Y. Chen, K. Ramchandran and P. Bartlett',
      title: 'Byzantine-robust distributed learning: towards optimal statistical rates',
      venue: 'ICML',
      year: 2018,
      url: 'https://arxiv.org/abs/1803.01498',
    },
  ],
  options: {
    trim: withDefault(whole({ from: 0 }), 1, 'b: how many entries are left out at either end.'),
    gradientsOf: combinedGradients,
  },
  make: ({ trim, scale, gradientsOf }) => ({
    gradientsOf,
    bind: () => ({
      aggregate({ jacobian, active }) {
        const k = jacobian.shape[0];
        const there = tf.expandDims(tf.greater(active, 0.5), 1);
        // Absent tasks come last.
        const filled = tf.where(there, jacobian, -3e38) as tf.Tensor2D;
        const sorted = tf.topk(tf.transpose(filled), k).values;
        const count = tf.sum(active);
        const left = tf.minimum(trim, tf.floor(tf.div(tf.sub(count, 1), 2)));
        const places = tf.range(0, k);
        const kept = tf.logicalAnd(tf.greaterEqual(places, left), tf.less(places, tf.sub(count, left)));
        const sum = tf.sum(tf.where(tf.expandDims(kept, 0), sorted, 0), 1);
        const mean = tf.divNoNan(sum, tf.sub(count, tf.mul(left, 2)));
        return { direction: scale === 'tasks' ? tf.mul(mean, count) : mean };
      },
    }),
  }),
});
