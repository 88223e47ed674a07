import { byTask, describePart, hostTensor, number, optional, stopGradient } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { numbersByTask } from '../by-task.js';
import { logLosses } from '../log-losses.js';
import { presentSoftmax } from '../present.js';

/**
 * Improvable gap balancing (IGBv1): tasks that are far from where they could be get more weight.
 *
 * $$ L = \sum_k w_k \log L_k, \qquad w = K' \operatorname{softmax}\!\Big( \frac{L}{b} \Big) $$
 *
 * where
 * - L_k `[K]` are the tasks' losses of the batch; those within w are constants, through which no gradient flows,
 * - b_k are base losses, such as those of single-task networks or of the first epoch,
 * - K' is the number of tasks present.
 *
 * Shapes: losses `[K]` → a loss `[]`.
 *
 * @remarks The effective weight on a task's gradient is $w_k / L_k$. Base losses are 1 until the first epoch has given
 * its means, as in the authors' code. The variant with a reinforcement learner in the place of the softmax, IGBv2, is
 * not here. A loss of 0 has weight 0.
 * @throws `POLYTASK_LOSS_TOO_LOW` for negative losses.
 * @example
 * ```ts
 * import { balanceLosses } from '@polytask/core';
 * import { igb } from '@polytask/task-weighting';
 * import * as tf from '@tensorflow/tfjs';
 *
 * const balance = balanceLosses(igb({ base: { a: 4, b: 4 }, scale: 'paper' }), ['a', 'b']);
 * balance.loss([tf.scalar(2), tf.scalar(3)]);
 * console.log([...balance.weights().dataSync()].map((weight) => weight.toFixed(3))); // => [ '0.438', '0.375' ]
 * balance.dispose();
 * ```
 */
export const igb = /* @__PURE__ */ describePart('loss-weighting', {
  name: 'igb',
  summary: 'Gives more weight to tasks whose losses are large beside a base loss.',
  cites: [
    {
      authors: 'Y. Dai, N. Fei and Z. Lu',
      title: 'Improvable gap balancing for multi-task learning',
      venue: 'UAI',
      year: 2023,
      url: 'https://arxiv.org/abs/2307.15429',
      note: 'Its first version, IGBv1.',
    },
  ],
  options: {
    base: optional(
      byTask(number({ above: 0 }), 'losses'),
      'b. Tasks not named have 1.',
      'mean losses of the first epoch, and 1 before',
      'authors’ code',
    ),
  },
  make: ({ base }) => ({
    leastLoss: 0,
    bind({ tasks }) {
      const start = numbersByTask(tasks, base ?? {}, 1, 'base');
      let bases = start;
      return {
        feeds: () => ({ bases: hostTensor(bases) }),
        scalarize(losses, active, feeds) {
          const shares = presentSoftmax(tf.div(stopGradient(losses), feeds.bases as tf.Tensor), active);
          return tf.sum(tf.mul(tf.mul(shares, tf.sum(active)), logLosses(losses, active)));
        },
        epochEnd({ epoch, meanLosses }) {
          if (base !== undefined || epoch > 0) return;
          bases = Array.from(meanLosses, (mean) => (mean > 0 ? mean : 1));
        },
        saveState: () => ({ bases }),
        loadState(state) {
          bases = state.bases as number[];
        },
        reset() {
          bases = start;
        },
      };
    },
  }),
});
