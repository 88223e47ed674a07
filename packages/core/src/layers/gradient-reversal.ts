import * as tf from '@tensorflow/tfjs';

/**
 * The same numbers, whose gradient is turned round on the way back: what comes before learns to make worse what comes after learns to make
 * better.
 *
 * $$ y = x, \qquad \frac{\partial L}{\partial x} = -\lambda \frac{\partial L}{\partial y} $$
 *
 * Shapes: any → the same.
 *
 * @param x float32.
 * @param factor λ, a scalar; feed it where it changes from step to step. Default 1.
 * @see Y. Ganin, E. Ustinova, H. Ajakan, P. Germain, H. Larochelle, F. Laviolette, M. Marchand and V. Lempitsky,
 * "Domain-adversarial training of neural networks", JMLR 17, 2016, https://jmlr.org/papers/v17/15-239.html
 * @example
 * ```ts
 * import { reverseGradient } from '@polytask/core';
 * import * as tf from '@tensorflow/tfjs';
 *
 * const slope = tf.grad((x) => tf.sum(tf.square(reverseGradient(x, 0.5))));
 * console.log(slope(tf.tensor1d([3])).dataSync()); // => Float32Array(1) [ -3 ]
 * ```
 */
export function reverseGradient(x: tf.Tensor, factor: tf.Tensor | number = 1): tf.Tensor {
  const reversed = tf.customGrad((...given) => {
    const [inner, save] = given as unknown as [tf.Tensor, tf.GradSaveFunc];
    if (typeof factor !== 'number') save([factor]);
    return {
      value: tf.clone(inner),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => tf.neg(tf.mul(dy, saved[0] ?? factor)),
    };
  });
  return reversed(x);
}
