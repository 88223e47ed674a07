import { describePart, hostTensor } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { presentSoftmax } from '../present.js';

/**
 * Random loss weighting (RLW): weights are drawn anew for every step.
 *
 * $$ L = \sum_k w_k L_k, \qquad w = \operatorname{softmax}(\xi), \qquad \xi \sim \mathcal{N}(0, I) $$
 *
 * where L_k `[K]` are the tasks' losses of the batch.
 *
 * Shapes: losses `[K]` → a loss `[]`.
 *
 * @remarks Drawn from the run's seed and the number of the step. Published weights sum to 1: steps are K times smaller
 * than those of the sum of losses, unless `scale: 'tasks'` (the default) rescales them.
 * @example
 * ```ts
 * import { balanceLosses } from '@polytask/core';
 * import { randomWeighting } from '@polytask/task-weighting';
 * import * as tf from '@tensorflow/tfjs';
 *
 * const balance = balanceLosses(randomWeighting(), ['a', 'b'], { seed: 1 });
 * balance.loss([tf.scalar(2), tf.scalar(4)]);
 * const [a = 0, b = 0] = balance.weights().dataSync();
 * console.log((a + b).toFixed(3)); // => 2.000
 * balance.dispose();
 * ```
 */
export const randomWeighting = /* @__PURE__ */ describePart('loss-weighting', {
  name: 'random-weighting',
  summary: 'Draws the weights at random for every step.',
  cites: [
    {
      authors: 'B. Lin, F. Ye, Y. Zhang and I. W. Tsang',
      title: 'Reasonable effectiveness of random weighting: a litmus test for multi-task learning',
      venue: 'TMLR',
      year: 2022,
      url: 'https://arxiv.org/abs/2111.10603',
    },
  ],
  options: {},
  make: () => ({
    bind: ({ tasks, uniform }) => ({
      feeds({ step }) {
        const draw = uniform(step);
        return { draws: hostTensor(tasks.map(() => normal(draw))) };
      },
      scalarize: (losses, active, feeds) => tf.sum(tf.mul(losses, presentSoftmax(feeds.draws as tf.Tensor, active))),
    }),
  }),
});

/** By Box and Muller. */
function normal(draw: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - draw())) * Math.cos(2 * Math.PI * draw());
}
