import * as tf from '@tensorflow/tfjs';
import type { InputSpec } from '../contracts/batch.js';
import { requireOption } from '../errors/invalid-option-error.js';
import { ShapeMismatchError } from '../errors/shape-mismatch-error.js';
import { asFloat } from './flatten.js';
import type { BuiltLayer } from './layer.js';

/** How the pixels between are found. */
export type Interpolation = 'nearest' | 'bilinear';

/**
 * Larger images from smaller ones, for decoders:
 *
 * $$ y_{h,w,c} = x_{\lfloor h / s \rfloor,\ \lfloor w / s \rfloor,\ c} $$
 *
 * under `'nearest'`. Under `'bilinear'` pixels are weighted means of the four around $\big(\tfrac{h + 1/2}{s} - \tfrac12,\ \tfrac{w + 1/2}{s} -
 * \tfrac12\big)$, with the edge repeated.
 *
 * Shapes: `[rows, height, width, channels]` → `[rows, s·height, s·width, channels]`.
 *
 * @remarks Pixels are areas, as in PyTorch (`align_corners=False`) and Keras; `tf.image.resizeBilinear` takes them for points by default,
 * and where told otherwise it has the gradient of the other rule. Here one axis goes after the other, by slices, sums and
 * copies, whose gradients every backend has.
 * @param input What comes in; int32 is cast.
 * @param factor s, how many times larger.
 * @param interpolation Default `'nearest'`.
 * @throws `POLYTASK_INVALID_OPTION` unless `factor` is a positive whole number and the interpolation known.
 * @throws `POLYTASK_SHAPE_MISMATCH` unless rows are images.
 * @example
 * ```ts
 * import { buildUpsampling } from '@polytask/core';
 *
 * buildUpsampling({ shape: [7, 7, 16], dtype: 'float32' }, 2).output.shape; // => [14, 14, 16]
 * ```
 */
export function buildUpsampling(
  input: InputSpec,
  factor: number,
  interpolation: Interpolation = 'nearest',
): BuiltLayer {
  requireOption(Number.isInteger(factor) && factor > 0, 'factor', 'a positive whole number', factor);
  const known = interpolation === 'nearest' || interpolation === 'bilinear';
  requireOption(known, 'interpolation', "'nearest' or 'bilinear'", interpolation);
  const [height, width, channels] = input.shape;
  if (input.shape.length !== 3 || height === undefined || width === undefined || channels === undefined) {
    throw new ShapeMismatchError('The input of an upsampling', '[height, width, channels]', input.shape);
  }
  const [taller, wider] = [height * factor, width * factor];
  return {
    output: { shape: [taller, wider, channels], dtype: 'float32' },
    apply(x) {
      const numbers = asFloat(x);
      const rows = x.shape[0] as number;
      const stretch = interpolation === 'nearest' ? copied : blended;
      const high = stretch(tf.reshape(numbers, [rows, height, width * channels]), factor);
      const wide = stretch(tf.reshape(high, [rows * taller, width, channels]), factor);
      return tf.reshape(wide, [rows, taller, wider, channels]);
    },
  };
}

/** Every position `factor` times: `[a, n, b]` → `[a, n·factor, b]`, up to the shape. */
function copied(x: tf.Tensor3D, factor: number): tf.Tensor {
  const [outer, length, inner] = x.shape;
  return tf.tile(tf.reshape(x, [outer * length, 1, inner]), [1, factor, 1]);
}

/** Between neighbours, `[a, n, b]` → `[a, n, factor, b]`: the p-th of the new positions lies (p + ½) / factor − ½ from the old one. */
function blended(x: tf.Tensor3D, factor: number): tf.Tensor {
  const [outer, length, inner] = x.shape;
  const edge = (at: number) => tf.slice(x, [0, at, 0], [outer, 1, inner]);
  const padded = tf.concat([edge(0), x, edge(length - 1)], 1);
  const from = (start: number) => tf.slice(padded, [0, start, 0], [outer, length, inner]);
  const phases = Array.from({ length: factor }, (_, p) => {
    const place = (p + 0.5) / factor - 0.5;
    const below = Math.floor(place);
    const part = place - below;
    return tf.add(tf.mul(from(1 + below), 1 - part), tf.mul(from(2 + below), part));
  });
  return tf.stack(phases, 2);
}
