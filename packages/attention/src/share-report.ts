import type { NamedTensors } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';

/** What is recorded of shares: how much each place got, and how evenly. */
export interface ShareReport {
  /** Names of all numbers, for `logged`. */
  readonly names: readonly string[];
  /** The numbers of one pass: means over the rows, and the mean over the rows of −Σ_k g_k log g_k. */
  of(shares: tf.Tensor): NamedTensors;
}

/**
 * Numbers of shares `[rows, n]` for the history: `<name>/<place>` by place, and `<name>/entropy`, 0 for one place alone
 * and log n for all alike.
 */
export function shareReport(name: string, places: readonly string[]): ShareReport {
  const names = places.map((place) => `${name}/${place}`);
  const entropy = `${name}/entropy`;
  return {
    names: [...names, entropy],
    of(shares) {
      const means = tf.unstack(tf.mean(shares, 0));
      const surprise = tf.log(tf.maximum(shares, 1e-30));
      return {
        ...Object.fromEntries(names.map((one, k) => [one, means[k] as tf.Tensor])),
        [entropy]: tf.neg(tf.mean(tf.sum(tf.mul(shares, surprise), 1))),
      };
    },
  };
}
