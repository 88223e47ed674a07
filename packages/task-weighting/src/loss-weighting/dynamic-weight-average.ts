import { describePart, hostTensor, number, softmax, withDefault } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';

/**
 * Dynamic weight average (DWA): tasks whose losses fall more slowly than those of others get more weight.
 *
 * $$ L = \sum_k w_k L_k, \qquad w_k = K\, \frac{e^{r_k / \tau}}{\sum_j e^{r_j / \tau}}, \qquad
 * r_k = \frac{\bar L_k(t-1)}{\bar L_k(t-2)} $$
 *
 * where
 * - $\bar L_k(t)$ `[K]` are mean training losses of epoch t; in the first two epochs all weights are 1,
 * - τ is the temperature: the larger, the more even.
 *
 * Shapes: losses `[K]` → a loss `[]`.
 *
 * @remarks By epochs, as published; nash-mtl's copy takes windows of 25 steps. The ratio is 1 where it is not a number:
 * the task had no label in one of the two epochs, or a loss of 0.
 * @example
 * ```ts
 * import { balanceLosses } from '@polytask/core';
 * import { dynamicWeightAverage } from '@polytask/task-weighting';
 * import * as tf from '@tensorflow/tfjs';
 *
 * const balance = balanceLosses(dynamicWeightAverage(), ['a', 'b']);
 * await balance.epochEnd([4, 4]);
 * await balance.epochEnd([3, 2]);
 * balance.loss([tf.scalar(3), tf.scalar(2)]);
 * console.log([...balance.weights().dataSync()].map((weight) => weight.toFixed(3))); // => [ '1.062', '0.938' ]
 * balance.dispose();
 * ```
 */
export const dynamicWeightAverage = /* @__PURE__ */ describePart('loss-weighting', {
  name: 'dynamic-weight-average',
  summary: 'Gives more weight to tasks whose losses fell less from one epoch to the next.',
  cites: [
    {
      authors: 'S. Liu, E. Johns and A. J. Davison',
      title: 'End-to-end multi-task learning with attention',
      venue: 'CVPR',
      year: 2019,
      url: 'https://arxiv.org/abs/1803.10704',
    },
  ],
  options: { temperature: withDefault(number({ above: 0 }), 2, 'τ: the larger, the more even.', 'paper') },
  make: ({ temperature }) => ({
    bind({ tasks }) {
      let means: readonly (readonly (number | null)[])[] = [];
      const weights = () => {
        const [before, last] = means;
        if (before === undefined || last === undefined) return tasks.map(() => 1);
        const ratios = tasks.map((_, k) => {
          const ratio = (last[k] ?? Number.NaN) / (before[k] ?? Number.NaN);
          return Number.isFinite(ratio) ? ratio : 1;
        });
        return softmax(ratios, temperature).map((share) => share * tasks.length);
      };
      return {
        feeds: () => ({ weights: hostTensor(weights()) }),
        scalarize: (losses, _active, feeds) => tf.sum(tf.mul(losses, feeds.weights as tf.Tensor)),
        epochEnd({ meanLosses }) {
          means = [...means, Array.from(meanLosses, (mean) => (Number.isNaN(mean) ? null : mean))].slice(-2);
        },
        saveState: () => ({ means }),
        loadState(state) {
          means = state.means as typeof means;
        },
        reset() {
          means = [];
        },
      };
    },
  }),
});
