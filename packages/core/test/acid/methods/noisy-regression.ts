import { type AnyTask, defineTask } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';

/** A regression with a noise level of its own, the same for all rows: ½ e^{−s} (ŷ − y)² + ½ s, s trained with the run. */
export function noisyRegression(name: string): AnyTask {
  return defineTask({
    name,
    type: 'regression',
    problem: 'regression',
    label: 'number',
    target: { shape: [], dtype: 'float32' },
    outputs: { value: [1] },
    variables: (scope) => ({ logVariance: scope.variable('logVariance', [], () => Float32Array.of(0)) }),
    loss({ value }, target, _, { logVariance }) {
      const error = tf.squaredDifference(tf.reshape(value as tf.Tensor, [-1]), target);
      return tf.mul(tf.add(tf.mul(tf.exp(tf.neg(logVariance)), error), logVariance), 0.5);
    },
    predict({ value }, _, { logVariance }) {
      const rows = (value as tf.Tensor).shape[0] as number;
      return tf.concat([value as tf.Tensor, tf.tile(tf.reshape(tf.exp(logVariance), [1, 1]), [rows, 1])], 1);
    },
    decode: ({ data }) =>
      Array.from({ length: data.length / 2 }, (_, row) => Array.from(data.slice(2 * row, 2 * row + 2))),
    metrics: [],
    primaryMetric: '' as never,
  });
}
