import { defineLossWeighting, hostTensor, type LossWeighting } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';

/** Liu, Johns, Davison 2019: w_i = K softmax_i(r_i / τ), r_i the ratio of the last two epochs' mean losses; ones before. */
export function dynamicWeightAverage({ temperature = 2 } = {}): LossWeighting {
  return defineLossWeighting({
    name: 'dynamic-weight-average',
    options: { temperature },
    bind({ tasks }) {
      let history: number[][] = [];
      const weights = () => {
        const [before, last] = history;
        if (before === undefined || last === undefined) return tasks.map(() => 1);
        // A task without a label in an epoch has no ratio: 1, as if its loss had stood still.
        const ratios = last.map((loss, k) =>
          Number.isFinite(loss / (before[k] as number)) ? loss / (before[k] as number) : 1,
        );
        const exponentials = ratios.map((ratio) => Math.exp(ratio / temperature));
        const total = exponentials.reduce((sum, value) => sum + value, 0);
        return exponentials.map((value) => (tasks.length * value) / total);
      };
      return {
        feeds: () => ({ weights: hostTensor(weights()) }),
        scalarize: (losses, _active, feeds) => tf.sum(tf.mul(losses, feeds.weights as tf.Tensor)),
        epochEnd({ meanLosses }) {
          history = [...history, [...meanLosses]].slice(-2);
        },
        saveState: () => ({ history }),
        loadState: (state) => {
          history = state.history as number[][];
        },
        reset: () => {
          history = [];
        },
      };
    },
  });
}
