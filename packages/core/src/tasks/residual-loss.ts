import * as tf from '@tensorflow/tfjs';
import { type FusedFunction, fusedGradient } from './fused-gradient.js';

/**
 * What every error $e = z - t$ costs: $e^2$ (`'mse'`), $|e|$ (`'mae'`), or Huber's loss, which is $e^2 / 2$ for
 * $|e| \le \delta$ and $\delta (|e| - \delta / 2)$ beyond.
 *
 * Shapes: `outputs` and `targets` [...] → [...].
 *
 * @remarks At $e = 0$ the gradient of `'mae'` is 0. Nothing flows into `targets`.
 */
export function residualLoss(
  outputs: tf.Tensor,
  targets: tf.Tensor,
  loss: 'mse' | 'mae' | 'huber',
  delta: number,
): tf.Tensor {
  const error = tf.sub(outputs, targets);
  return fusedGradient(loss === 'mse' ? squared : loss === 'mae' ? absolute : huber(delta), error);
}

const squared: FusedFunction = {
  value: (error) => tf.square(error),
  gradient: (dy, error) => tf.mul(dy, tf.mul(error, 2)),
};

const absolute: FusedFunction = {
  value: (error) => tf.abs(error),
  gradient: (dy, error) => tf.mul(dy, tf.sign(error)),
};

/** With c = e clipped to ±δ, the loss is c (e − c / 2) on both sides, and its derivative is c. */
function huber(delta: number): FusedFunction {
  return {
    value(error) {
      const clipped = tf.clipByValue(error, -delta, delta);
      return tf.mul(clipped, tf.sub(error, tf.mul(clipped, 0.5)));
    },
    gradient: (dy, error) => tf.mul(dy, tf.clipByValue(error, -delta, delta)),
  };
}
