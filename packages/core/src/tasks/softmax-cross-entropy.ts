import * as tf from '@tensorflow/tfjs';
import { type FusedFunction, fusedGradient } from './fused-gradient.js';

/**
 * Cross-entropy between softmax of logits and target distributions, one number per distribution:
 *
 * $$ \ell = -\sum_c t_c \log p_c, \qquad \log p_c = z_c - m - \log \sum_d e^{z_d - m}, \qquad m = \max_c z_c,
 * \qquad \partial \ell / \partial z = p - t $$
 *
 * where $z$ are the logits, $t$ the target distribution, $p = \mathrm{softmax}(z)$.
 *
 * Shapes: `logits` and `targets` [..., C] → [...].
 *
 * @remarks The gradient is the fused $p - t$ instead of the chain through log, sum and exp; differentiated twice, it gives the
 * exact Hessian. The largest logit is taken out first, so no logit overflows. Nothing flows into `targets`.
 * @param logits Unnormalised log-probabilities, float32.
 * @param targets Each distribution sums to 1, float32. One of zeros gives a finite loss without meaning, to be weighted by 0.
 * @see C. M. Bishop, "Pattern Recognition and Machine Learning", Springer, 2006, section 4.3.4.
 * @example
 * ```ts
 * import { softmaxCrossEntropy } from '@polytask/core';
 * import * as tf from '@tensorflow/tfjs';
 *
 * const loss = softmaxCrossEntropy(tf.tensor2d([[0, 0]]), tf.tensor2d([[1, 0]]));
 * console.log((await loss.data())[0]?.toFixed(4)); // => 0.6931
 * ```
 */
export function softmaxCrossEntropy(logits: tf.Tensor, targets: tf.Tensor): tf.Tensor {
  return fusedGradient(crossEntropy, logits, targets);
}

const crossEntropy: FusedFunction = {
  value(logits, targets) {
    return tf.sum(tf.mul(targets as tf.Tensor, tf.neg(tf.logSoftmax(logits))), -1);
  },
  gradient: (dy, logits, targets) => tf.mul(tf.expandDims(dy, -1), tf.sub(tf.softmax(logits), targets as tf.Tensor)),
};
