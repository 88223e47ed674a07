import * as tf from '@tensorflow/tfjs';
import type { InputSpec } from '../contracts/batch.js';
import type { BuildScope, Initializer } from '../contracts/parameters.js';
import { requireOption } from '../errors/invalid-option-error.js';
import { ShapeMismatchError } from '../errors/shape-mismatch-error.js';
import { type Activation, activate, kernelInitializer, requireActivation } from './activation.js';
import { asFloat } from './flatten.js';
import { zeros } from './initializers.js';
import type { BuiltLayer } from './layer.js';

/** Options of {@link buildConv2d}. */
export interface Conv2dOptions {
  /** Side of the square window. Default 3. */
  readonly kernelSize?: number;
  /** Default 1. */
  readonly strides?: number;
  /** `'same'` pads with zeros so that only strides shrink the image; default `'valid'`. */
  readonly padding?: 'valid' | 'same';
  /** Default `'linear'`. */
  readonly activation?: Activation;
  /** Default true; of no use before BatchNorm, which subtracts it again. */
  readonly bias?: boolean;
  /** Initial values of the kernel. Default: {@link kernelInitializer} of the activation. */
  readonly kernel?: Initializer;
}

/**
 * A convolution over images:
 *
 * $$y_{h,w,o} = \phi\Big(b_o + \sum_{i,j,c} W_{i,j,c,o}\; x_{h s + i,\ w s + j,\ c}\Big)$$
 *
 * where W is `kernel` `[size, size, channels, filters]`, b is `bias` `[filters]` (initially 0), s the stride, φ the activation.
 *
 * Shapes: `[rows, height, width, channels]` → `[rows, height', width', filters]` with height' = ⌊(height − size) / s⌋ + 1
 * under `'valid'` and ⌈height / s⌉ under `'same'`.
 *
 * @remarks tfjs' wasm backend has no `Conv2DBackpropFilter`: it can predict with this layer but not train it. Not fused, for
 * the reason given at {@link buildDense}.
 * @param scope The layer's own scope; variables `kernel` and `bias`.
 * @param input What comes in; int32 is cast.
 * @param filters Channels of the output.
 * @throws `POLYTASK_INVALID_OPTION` unless `filters`, `kernelSize` and `strides` are positive whole numbers.
 * @throws `POLYTASK_SHAPE_MISMATCH` unless rows are images that the window fits into.
 * @see Y. LeCun, L. Bottou, Y. Bengio and P. Haffner, "Gradient-based learning applied to document recognition", Proceedings
 * of the IEEE 86, 1998, https://doi.org/10.1109/5.726791
 * @example
 * ```ts
 * import { buildConv2d, type BuildScope } from '@polytask/core';
 *
 * const edges = (scope: BuildScope) =>
 *   buildConv2d(scope.child('edges'), { shape: [28, 28, 1], dtype: 'float32' }, 10, { kernelSize: 5, activation: 'relu' });
 * ```
 */
export function buildConv2d(
  scope: BuildScope,
  input: InputSpec,
  filters: number,
  options: Conv2dOptions = {},
): BuiltLayer {
  const { kernelSize = 3, strides = 1, padding = 'valid', activation = 'linear', bias: hasBias = true } = options;
  for (const [name, value] of Object.entries({ filters, kernelSize, strides })) {
    requireOption(Number.isInteger(value) && value > 0, name, 'a positive whole number', value);
  }
  requireOption(padding === 'valid' || padding === 'same', 'padding', "'valid' or 'same'", padding);
  requireActivation(activation);
  const [height, width, channels] = input.shape;
  if (input.shape.length !== 3 || height === undefined || width === undefined || channels === undefined) {
    throw new ShapeMismatchError(`Input of layer \`${scope.path}\``, '[height, width, channels]', input.shape);
  }
  if (padding === 'valid' && Math.min(height, width) < kernelSize) {
    throw new ShapeMismatchError(
      `Input of layer \`${scope.path}\``,
      `[at least ${kernelSize}, at least ${kernelSize}, channels]`,
      input.shape,
      "Use a smaller `kernelSize`, or padding 'same'.",
    );
  }
  const initial = options.kernel ?? kernelInitializer(activation);
  const kernel = scope.variable('kernel', [kernelSize, kernelSize, channels, filters], initial);
  const bias = hasBias ? scope.variable('bias', [filters], zeros) : undefined;
  const side = (length: number) =>
    padding === 'valid' ? Math.floor((length - kernelSize) / strides) + 1 : Math.ceil(length / strides);
  return {
    output: { shape: [side(height), side(width), filters], dtype: 'float32' },
    apply(x) {
      const product = tf.conv2d(asFloat(x) as tf.Tensor4D, kernel as tf.Variable<tf.Rank.R4>, strides, padding);
      return activate(bias === undefined ? product : tf.add(product, bias), activation);
    },
  };
}
