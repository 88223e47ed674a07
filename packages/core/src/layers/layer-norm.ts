import * as tf from '@tensorflow/tfjs';
import type { InputSpec } from '../contracts/batch.js';
import type { BuildScope } from '../contracts/parameters.js';
import { requireOption } from '../errors/invalid-option-error.js';
import { ShapeMismatchError } from '../errors/shape-mismatch-error.js';
import { asFloat } from './flatten.js';
import { ones, zeros } from './initializers.js';
import type { BuiltLayer } from './layer.js';

/** Options of {@link buildLayerNorm}. */
export interface LayerNormOptions {
  /** Added to the variance. Default 1e-5, as PyTorch; Keras has 1e-3. */
  readonly epsilon?: number;
}

/**
 * Layer normalisation over the last axis, each position by itself:
 *
 * $$y = \gamma\, \frac{x - \mu}{\sqrt{v + \epsilon}} + \beta, \qquad \mu = \frac{1}{n} \sum_c x_c, \quad
 * v = \frac{1}{n} \sum_c (x_c - \mu)^2$$
 *
 * where γ is `scale` `[n]` (initially 1) and β is `offset` `[n]` (initially 0).
 *
 * Shapes: `[rows, ..., n]` → the same.
 *
 * @remarks A row's result does not depend on other rows, in training or outside, which is why attention has it and not BatchNorm.
 * @param scope The layer's own scope; variables `scale` and `offset`.
 * @param input What comes in; int32 is cast.
 * @throws `POLYTASK_INVALID_OPTION` unless epsilon > 0.
 * @throws `POLYTASK_SHAPE_MISMATCH` for inputs without a last axis.
 * @see J. L. Ba, J. R. Kiros and G. E. Hinton, "Layer normalization", 2016, https://arxiv.org/abs/1607.06450
 * @example
 * ```ts
 * import { buildLayerNorm, type BuildScope } from '@polytask/core';
 *
 * const normalise = (scope: BuildScope) => buildLayerNorm(scope.child('norm'), { shape: [20, 64], dtype: 'float32' });
 * ```
 */
export function buildLayerNorm(scope: BuildScope, input: InputSpec, options: LayerNormOptions = {}): BuiltLayer {
  const { epsilon = 1e-5 } = options;
  requireOption(epsilon > 0, 'epsilon', 'positive', epsilon);
  const width = input.shape.at(-1);
  if (width === undefined) {
    throw new ShapeMismatchError(`Input of layer \`${scope.path}\``, '[..., width]', input.shape, 'Flatten it first.');
  }
  const scale = scope.variable('scale', [width], ones);
  const offset = scope.variable('offset', [width], zeros);
  return {
    output: { shape: input.shape, dtype: 'float32' },
    apply(x) {
      const numbers = asFloat(x);
      const centred = tf.sub(numbers, tf.mean(numbers, -1, true));
      const variance = tf.mean(tf.square(centred), -1, true);
      return tf.add(tf.mul(tf.mul(centred, tf.rsqrt(tf.add(variance, epsilon))), scale), offset);
    },
  };
}
