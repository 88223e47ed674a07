import * as tf from '@tensorflow/tfjs';
import { type FusedFunction, fusedGradient } from './fused-gradient.js';

/**
 * Binary cross-entropy between sigmoid of logits and targets, entry by entry:
 *
 * $$ \ell = \max(z, 0) - z t + \log(1 + e^{-|z|}), \qquad \partial \ell / \partial z = \sigma(z) - t $$
 *
 * where $z$ is the logit, $t \in [0, 1]$ the target and $\sigma$ the sigmoid.
 *
 * Shapes: `logits` and `targets` [...] → [...].
 *
 * @remarks Exact to float32 on both sides: for $|z|$ large the loss is $e^{-|z|}$ or $|z|$, never a rounded difference.
 * The gradient is the fused $\sigma(z) - t$; differentiated twice, it gives the exact second derivative. Nothing flows into
 * `targets`.
 * @param logits Log-odds of the positive answer, float32.
 * @param targets Probabilities of the positive answer, 0 and 1 included, float32.
 * @see C. M. Bishop, "Pattern Recognition and Machine Learning", Springer, 2006, section 4.3.2.
 * @example
 * ```ts
 * import { sigmoidCrossEntropy } from '@polytask/core';
 * import * as tf from '@tensorflow/tfjs';
 *
 * const loss = sigmoidCrossEntropy(tf.tensor1d([0]), tf.tensor1d([1]));
 * console.log((await loss.data())[0]?.toFixed(4)); // => 0.6931
 * ```
 */
export function sigmoidCrossEntropy(logits: tf.Tensor, targets: tf.Tensor): tf.Tensor {
  return fusedGradient(crossEntropy, logits, targets);
}

const crossEntropy: FusedFunction = {
  value(logits, targets) {
    const linear = tf.sub(tf.relu(logits), tf.mul(logits, targets as tf.Tensor));
    return tf.add(linear, tf.log1p(tf.exp(tf.neg(tf.abs(logits)))));
  },
  gradient: (dy, logits, targets) => tf.mul(dy, tf.sub(tf.sigmoid(logits), targets as tf.Tensor)),
};
