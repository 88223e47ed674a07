import * as tf from '@tensorflow/tfjs';
import type { InputSpec } from '../contracts/batch.js';
import type { Initializer } from '../contracts/parameters.js';
import { requireOption } from '../errors/invalid-option-error.js';
import { glorotUniform, heUniform } from './initializers.js';
import type { BuiltLayer } from './layer.js';

/** Names of the activations that layers know. */
export const activationNames = ['linear', 'relu', 'tanh', 'sigmoid', 'gelu', 'elu', 'leakyRelu'] as const;

/** Name of an activation. */
export type Activation = (typeof activationNames)[number];

/**
 * Applies an activation entry by entry:
 *
 * $$\text{relu} = \max(x, 0) \qquad \text{elu} = \begin{cases} x & x > 0 \\ e^x - 1 & \text{else} \end{cases} \qquad
 * \text{leakyRelu} = \max(x, 0.2 x) \qquad \text{gelu} = \tfrac{x}{2} \left(1 + \operatorname{erf} \tfrac{x}{\sqrt 2}\right)$$
 *
 * Shapes: any → the same.
 *
 * @remarks The slope 0.2 is tfjs' (Keras has 0.3, PyTorch 0.01). `gelu` is the exact one, not the tanh approximation.
 * @param x Any shape, float32.
 * @param name Which one; `'linear'` returns `x` itself.
 * @see D. Hendrycks and K. Gimpel, "Gaussian error linear units", 2016, https://arxiv.org/abs/1606.08415; D.-A. Clevert,
 * T. Unterthiner and S. Hochreiter, "Fast and accurate deep network learning by exponential linear units", ICLR 2016,
 * https://arxiv.org/abs/1511.07289
 * @example
 * ```ts
 * import { activate } from '@polytask/core';
 * import * as tf from '@tensorflow/tfjs';
 *
 * activate(tf.tensor1d([-1, 2]), 'relu').arraySync(); // => [0, 2]
 * ```
 */
export function activate(x: tf.Tensor, name: Activation): tf.Tensor {
  switch (name) {
    case 'linear':
      return x;
    case 'relu':
      return tf.relu(x);
    case 'tanh':
      return tf.tanh(x);
    case 'sigmoid':
      return tf.sigmoid(x);
    case 'gelu':
      return tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1));
    case 'elu':
      return tf.elu(x);
    case 'leakyRelu':
      return tf.leakyRelu(x, 0.2);
  }
}

/**
 * {@link activate} as a layer without variables.
 *
 * Shapes: `[rows, ...input.shape]` → the same.
 *
 * @param input What comes in.
 * @param name Which activation.
 * @throws `POLYTASK_INVALID_OPTION` for an unknown name.
 * @example
 * ```ts
 * import { buildActivation } from '@polytask/core';
 *
 * buildActivation({ shape: [4], dtype: 'float32' }, 'relu').output.shape; // => [4]
 * ```
 */
export function buildActivation(input: InputSpec, name: Activation): BuiltLayer {
  requireActivation(name);
  return { output: input, apply: (x) => activate(x, name) };
}

/** Throws `POLYTASK_INVALID_OPTION` unless `name` is an {@link Activation}; for options that come from JavaScript or a file. */
export function requireActivation(name: Activation): void {
  requireOption(activationNames.includes(name), 'activation', `one of ${activationNames.join(', ')}`, name);
}

/** The default initial values of a kernel that this activation follows: {@link heUniform} for rectifiers, else {@link glorotUniform}. */
export function kernelInitializer(name: Activation): Initializer {
  return name === 'linear' || name === 'tanh' || name === 'sigmoid' ? glorotUniform : heUniform;
}
