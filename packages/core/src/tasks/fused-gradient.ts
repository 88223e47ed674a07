import * as tf from '@tensorflow/tfjs';

/** An elementwise or rowwise function with its gradient written by hand. */
export interface FusedFunction {
  /** The result, from the input and the constants. */
  value(input: tf.Tensor, ...constants: tf.Tensor[]): tf.Tensor;
  /** The gradient for the input, from the gradient `dy` of the result; in differentiable tfjs code. */
  gradient(dy: tf.Tensor, input: tf.Tensor, ...constants: tf.Tensor[]): tf.Tensor;
}

/**
 * Applies a {@link FusedFunction}: fewer kernels on the tape than the chain of its operations. Only the input and the constants
 * are kept for the backward pass, no intermediate, so that gradients of gradients are exact.
 */
export function fusedGradient(f: FusedFunction, input: tf.Tensor, ...constants: tf.Tensor[]): tf.Tensor {
  return tf.customGrad((...args) => {
    const save = args[1] as unknown as (tensors: tf.Tensor[]) => void;
    save([input, ...constants]);
    return {
      value: f.value(input, ...constants),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [kept, ...others] = saved as [tf.Tensor, ...tf.Tensor[]];
        return f.gradient(dy, kept, ...others);
      },
    };
  })(input);
}
