import * as tf from '@tensorflow/tfjs';

/** What tfjs asks before it records an operation for the backward pass. */
interface EngineState {
  kernelDepth: number;
}

/**
 * The same numbers, through which no gradient flows: nothing before it is visited in the backward pass, so that infinite
 * derivatives there do no harm.
 *
 * $$ y = x, \qquad \partial y / \partial x = 0 $$
 *
 * Shapes: any → the same.
 *
 * @remarks tfjs has no such operation; a custom gradient of zeros would still be multiplied down to the variables.
 * @example
 * ```ts
 * import { stopGradient } from '@polytask/core';
 * import * as tf from '@tensorflow/tfjs';
 *
 * const slope = tf.grad((x) => tf.sum(tf.mul(x, stopGradient(x))));
 * console.log(slope(tf.tensor1d([3])).dataSync()); // => Float32Array(1) [ 3 ]
 * ```
 */
export function stopGradient<T extends tf.Tensor>(x: T): T {
  const { state } = tf.engine() as unknown as { readonly state: EngineState };
  // Within a kernel nothing is recorded.
  state.kernelDepth += 1;
  try {
    return tf.clone(x);
  } finally {
    state.kernelDepth -= 1;
  }
}
