import * as tf from '@tensorflow/tfjs';

/**
 * A step from 0 to 1 that is smooth, and exactly 0 and 1 outside of its width:
 *
 * $$ S(t) = \begin{cases} 0 & t \le -\gamma/2 \\ 1 & t \ge \gamma/2 \\ -\frac{2}{\gamma^3} t^3 + \frac{3}{2\gamma} t +
 * \frac12 & \text{else} \end{cases} $$
 *
 * Its derivative is 0 from ±γ/2 on: the cubic takes t clipped to there, where its slope is 0.
 *
 * @param t Any shape.
 * @param gamma γ, above 0.
 */
export function smoothStep(t: tf.Tensor, gamma: number): tf.Tensor {
  const inside = tf.clipByValue(t, -gamma / 2, gamma / 2);
  const cubic = tf.mul(tf.mul(inside, tf.square(inside)), -2 / gamma ** 3);
  return tf.clipByValue(tf.add(tf.add(cubic, tf.mul(inside, 1.5 / gamma)), 0.5), 0, 1);
}
