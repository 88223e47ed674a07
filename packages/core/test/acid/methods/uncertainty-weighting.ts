import { defineLossWeighting, type LossWeighting } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';

/** Kendall, Gal, Cipolla 2018: Σ ½ e^{-s_i} l_i + ½ s_i with trainable s, one variable per task, at a learning rate of its own. */
export function uncertaintyWeighting(
  options: Pick<LossWeighting, 'scale'> & { start?: number; learningRate?: number } = {},
): LossWeighting {
  const { start = 0, learningRate = 0.025, ...rest } = options;
  return defineLossWeighting({
    name: 'uncertainty-weighting',
    ...rest,
    options,
    bind({ tasks, scope }) {
      const all = tasks.map((task) =>
        scope
          .child(task, { usedBy: [task] })
          .variable('logVariance', [], () => Float32Array.of(start), { learningRate }),
      );
      return {
        scalarize(losses, active) {
          const s = tf.stack(all);
          const terms = tf.add(tf.mul(tf.exp(tf.neg(s)), losses), s);
          return tf.mul(tf.sum(tf.mul(terms, active)), 0.5);
        },
      };
    },
  });
}
