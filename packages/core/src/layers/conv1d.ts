import * as tf from '@tensorflow/tfjs';
import type { InputSpec } from '../contracts/batch.js';
import type { BuildScope, Initializer } from '../contracts/parameters.js';
import { requireOption } from '../errors/invalid-option-error.js';
import { ShapeMismatchError } from '../errors/shape-mismatch-error.js';
import { type Activation, activate, kernelInitializer, requireActivation } from './activation.js';
import { asFloat } from './flatten.js';
import { zeros } from './initializers.js';
import type { BuiltLayer } from './layer.js';
import { matrixProduct } from './matrix-product.js';

/** Options of {@link buildConv1d}. */
export interface Conv1dOptions {
  /** Length of the window. Default 3. */
  readonly kernelSize?: number;
  /** Default 1. */
  readonly strides?: number;
  /**
   * `'same'` pads both ends with zeros so that only strides shorten the sequence; `'causal'` pads the beginning alone, so that no position
   * sees a later one; default `'valid'`.
   */
  readonly padding?: 'valid' | 'same' | 'causal';
  /** Default `'linear'`. */
  readonly activation?: Activation;
  /** Default true; of no use before BatchNorm, which subtracts it again. */
  readonly bias?: boolean;
  /** Initial values of the kernel. Default: {@link kernelInitializer} of the activation. */
  readonly kernel?: Initializer;
}

/**
 * A convolution over sequences:
 *
 * $$y_{t,o} = \phi\Big(b_o + \sum_{i,c} W_{i,c,o}\; x_{t s + i,\ c}\Big)$$
 *
 * where W is `kernel` `[size, channels, filters]`, b is `bias` `[filters]` (initially 0), s the stride, φ the activation.
 *
 * Shapes: `[rows, length, channels]` → `[rows, length', filters]` with length' = ⌊(length − size) / s⌋ + 1 under `'valid'`, else
 * ⌈length / s⌉.
 *
 * @remarks Worked out as one matrix product of all windows: unlike `tf.conv1d` it trains on every backend, wasm included, which has no
 * gradient of a convolution.
 * @param scope The layer's own scope; variables `kernel` and `bias`.
 * @param input What comes in; int32 is cast.
 * @param filters Channels of the output.
 * @throws `POLYTASK_INVALID_OPTION` unless `filters`, `kernelSize` and `strides` are positive whole numbers.
 * @throws `POLYTASK_SHAPE_MISMATCH` unless rows are sequences that the window fits into.
 * @see A. Waibel, T. Hanazawa, G. Hinton, K. Shikano and K. J. Lang, "Phoneme recognition using time-delay neural networks",
 * IEEE Transactions on Acoustics, Speech and Signal Processing 37, 1989, https://doi.org/10.1109/29.21701
 * @example
 * ```ts
 * import { buildConv1d, type BuildScope } from '@polytask/core';
 *
 * const ngrams = (scope: BuildScope) =>
 *   buildConv1d(scope.child('ngrams'), { shape: [30, 16], dtype: 'float32' }, 32, { padding: 'same', activation: 'relu' });
 * ```
 */
export function buildConv1d(
  scope: BuildScope,
  input: InputSpec,
  filters: number,
  options: Conv1dOptions = {},
): BuiltLayer {
  const { kernelSize = 3, strides = 1, padding = 'valid', activation = 'linear', bias: hasBias = true } = options;
  for (const [name, value] of Object.entries({ filters, kernelSize, strides })) {
    requireOption(Number.isInteger(value) && value > 0, name, 'a positive whole number', value);
  }
  requireOption(['valid', 'same', 'causal'].includes(padding), 'padding', "'valid', 'same' or 'causal'", padding);
  requireActivation(activation);
  const [length, channels] = input.shape;
  if (input.shape.length !== 2 || length === undefined || channels === undefined) {
    throw new ShapeMismatchError(`Input of layer \`${scope.path}\``, '[length, channels]', input.shape);
  }
  if (padding === 'valid' && length < kernelSize) {
    throw new ShapeMismatchError(
      `Input of layer \`${scope.path}\``,
      `[at least ${kernelSize}, channels]`,
      input.shape,
      "Use a smaller `kernelSize`, or padding 'same'.",
    );
  }
  const initial = options.kernel ?? kernelInitializer(activation);
  const kernel = scope.variable('kernel', [kernelSize, channels, filters], initial);
  const bias = hasBias ? scope.variable('bias', [filters], zeros) : undefined;
  const positions = padding === 'valid' ? Math.floor((length - kernelSize) / strides) + 1 : Math.ceil(length / strides);
  const missing = Math.max(0, (positions - 1) * strides + kernelSize - length);
  const before = padding === 'causal' ? kernelSize - 1 : padding === 'same' ? Math.floor(missing / 2) : 0;
  // Every window's i-th entry is a stretch of this length, of which each stride-th position counts.
  const stretch = (positions - 1) * strides + 1;
  const after = padding === 'valid' ? 0 : Math.max(0, stretch + kernelSize - 1 - length - before);
  return {
    output: { shape: [positions, filters], dtype: 'float32' },
    apply(x) {
      const rows = x.shape[0] as number;
      const numbers = asFloat(x) as tf.Tensor3D;
      const padded =
        before + after === 0
          ? numbers
          : tf.pad(numbers, [
              [0, 0],
              [before, after],
              [0, 0],
            ]);
      const windows = tf.concat(
        Array.from({ length: kernelSize }, (_, i) => everyStride(padded, i, positions, strides)),
        2,
      );
      const flat = tf.reshape(windows, [rows * positions, kernelSize * channels]) as tf.Tensor2D;
      const weights = tf.reshape(kernel, [kernelSize * channels, filters]) as tf.Tensor2D;
      const product = matrixProduct(flat, weights);
      const y = activate(bias === undefined ? product : tf.add(product, bias), activation);
      return tf.reshape(y, [rows, positions, filters]);
    },
  };
}

/** `count` positions of a sequence, from `start` on, `strides` apart. */
function everyStride(x: tf.Tensor3D, start: number, count: number, strides: number): tf.Tensor3D {
  const [rows, length, channels] = x.shape;
  if (strides === 1) return tf.slice(x, [0, start, 0], [rows, count, channels]);
  // A slice whose length is a multiple of the stride, whose every stride-th position is the first of its group.
  const wanted = count * strides;
  const there = Math.min(wanted, length - start);
  const cut = tf.slice(x, [0, start, 0], [rows, there, channels]);
  const whole =
    there === wanted
      ? cut
      : tf.pad(cut, [
          [0, 0],
          [0, wanted - there],
          [0, 0],
        ]);
  const groups = tf.reshape(whole, [rows, count, strides, channels]);
  return tf.reshape(tf.slice(groups, [0, 0, 0, 0], [rows, count, 1, channels]), [rows, count, channels]);
}
