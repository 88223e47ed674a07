import * as tf from '@tensorflow/tfjs';
import type { InputSpec } from '../contracts/batch.js';
import { PolytaskError } from '../errors/polytask-error.js';
import { ShapeMismatchError } from '../errors/shape-mismatch-error.js';
import { buildActivation, kernelInitializer } from '../layers/activation.js';
import { buildBatchNorm } from '../layers/batch-norm.js';
import { buildConv2d } from '../layers/conv2d.js';
import { type BuiltLayer, chainLayers } from '../layers/layer.js';
import { describePart } from '../options/describe-part.js';
import { extend, type OptionsOf, withDefault } from '../options/option.js';
import { choice, list, whole } from '../options/takes.js';
import { denseStages, layerOptions, widths } from './mlp.js';
import { layerStage, singleInput } from './single-input.js';

const lenet = 'the MultiMNIST networks of Sener and Koltun';

const options = extend(
  {
    filters: withDefault(
      list(whole({ from: 1 }), {
        least: 1,
        what: 'a list of whole numbers from 1, at least one; without convolutions, use `mlp`',
      }),
      [10, 20],
      'Channels of every convolution.',
      lenet,
    ),
    kernelSize: withDefault(whole({ from: 1 }), 5, "Side of every convolution's square window, in pixels.", lenet),
    padding: withDefault(choice('valid', 'same'), 'valid', 'valid: no padding; same: outputs are as large as inputs.'),
    pool: withDefault(
      whole({ from: 1 }),
      2,
      'Side of the square whose maximum follows every convolution; 1 leaves it out.',
      lenet,
    ),
    dense: withDefault(
      widths,
      [50],
      'Widths of the dense layers at the end; none gives features of height, width and channels.',
      lenet,
    ),
  },
  layerOptions,
);

/** Options of {@link convNet}. */
export type ConvNetOptions = OptionsOf<typeof options>;

/**
 * Convolutions, then dense layers: an encoder of one image. Stage i, named `conv0`, `conv1`, ..., is
 *
 * $$h_{i+1} = \phi\big(\text{maxPool}(\text{BatchNorm}(W_i * h_i + b_i))\big)$$
 *
 * where W_i is `[kernelSize, kernelSize, channels before, filters[i]]`; φ and BatchNorm as in {@link mlp}, whose stages `dense0`,
 * `dense1`, ... follow. The defaults are the LeNet that multi-task papers train on MultiMNIST: 5×5 windows, 10 and 20 channels,
 * 50 features.
 *
 * Shapes: `[rows, height, width, channels]` or `[rows, height, width]` → `[rows, dense.at(-1)]`.
 *
 * @remarks The maximum comes before the activation, which is the same for activations that only rise (all but gelu) and
 * cheaper. The wasm backend cannot train it, see {@link buildConv2d}.
 * @throws `POLYTASK_INVALID_OPTION` for sizes, rates or activations that do not exist.
 * @throws `POLYTASK_ENCODER_INPUT` for several inputs, or category ids.
 * @throws `POLYTASK_SHAPE_MISMATCH` for inputs that are no images; `POLYTASK_IMAGE_TOO_SMALL` for images that nothing would be
 * left of.
 * @example
 * ```ts
 * import { convNet } from '@polytask/core';
 *
 * const stages = convNet().stages({ image: { shape: [36, 36, 1], dtype: 'float32' } });
 * stages.map((stage) => stage.name); // => ['conv0', 'conv1', 'dense0']
 * ```
 */
export const convNet = describePart('encoder', {
  name: 'conv-net',
  summary: 'Convolutions with pooling, then dense layers; for images.',
  cites: [
    {
      authors: 'Y. LeCun, L. Bottou, Y. Bengio and P. Haffner',
      title: 'Gradient-based learning applied to document recognition',
      venue: 'Proceedings of the IEEE 86',
      year: 1998,
      url: 'https://doi.org/10.1109/5.726791',
    },
    {
      authors: 'O. Sener and V. Koltun',
      title: 'Multi-task learning as multi-objective optimization',
      venue: 'NeurIPS',
      year: 2018,
      url: 'https://arxiv.org/abs/1810.04650',
      note:
        'The defaults are the layers that the paper trains on MultiMNIST: 10 and 20 channels, windows of 5×5, 50 features; ' +
        '`head: mlp([50])` completes them.',
    },
  ],
  options,
  make(given) {
    const { filters, kernelSize, padding, pool, dense, activation, batchNorm, dropout } = given;
    const conv = { kernelSize, padding, bias: !batchNorm, kernel: kernelInitializer(activation) };
    return {
      stages(inputs) {
        const { name, input } = singleInput(inputs, 'conv-net');
        requireImage(name, input, filters.length, padding === 'valid' ? kernelSize : 1, pool);
        const convStages = filters.map((channels, index) =>
          layerStage(`conv${index}`, 'conv-net', (scope, image) =>
            chainLayers(image, [
              buildImage,
              (x) => buildConv2d(scope, x, channels, conv),
              batchNorm && ((x) => buildBatchNorm(scope.child('batchNorm'), x)),
              pool > 1 && ((x) => buildMaxPool(x, pool)),
              (x) => buildActivation(x, activation),
            ]),
          ),
        );
        return [...convStages, ...denseStages(dense, { activation, batchNorm, dropout })];
      },
    };
  },
});

/** Images without channels get one. */
function buildImage(input: InputSpec): BuiltLayer {
  if (input.shape.length === 3) return { output: input, apply: (x) => x };
  return { output: { ...input, shape: [...input.shape, 1] }, apply: (x) => tf.expandDims(x, -1) };
}

function buildMaxPool(input: InputSpec, side: number): BuiltLayer {
  const [height, width, channels] = input.shape as [number, number, number];
  return {
    output: { shape: [Math.floor(height / side), Math.floor(width / side), channels], dtype: 'float32' },
    apply: (x) => tf.maxPool(x as tf.Tensor4D, side, side, 'valid'),
  };
}

function requireImage(name: string, { shape }: InputSpec, layers: number, window: number, pool: number): void {
  const [height, width] = shape;
  if (height === undefined || width === undefined || shape.length > 3) {
    throw new ShapeMismatchError(
      `Input \`${name}\` of \`convNet\``,
      '[height, width, channels] or [height, width]',
      shape,
    );
  }
  let side = 1;
  for (let layer = 0; layer < layers; layer++) side = side * pool + window - 1;
  if (Math.min(height, width) < side) {
    throw new PolytaskError(
      'POLYTASK_IMAGE_TOO_SMALL',
      `Images need at least ${side}×${side} pixels for ${layers} convolutions with windows of ${window}×${window} and pooling by ` +
        `${pool}, but input \`${name}\` has ${height}×${width}. Use fewer \`filters\`, a smaller \`kernelSize\` or \`pool\`, ` +
        "or padding 'same'.",
      { option: 'filters' },
    );
  }
}
