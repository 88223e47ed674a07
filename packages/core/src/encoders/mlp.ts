import { defineEncoder, type Encoder, type Stage } from '../contracts/encoder.js';
import { requireOption } from '../errors/invalid-option-error.js';
import { type Activation, buildActivation, kernelInitializer, requireActivation } from '../layers/activation.js';
import { buildBatchNorm } from '../layers/batch-norm.js';
import { buildDense } from '../layers/dense.js';
import { buildDropout, requireRate } from '../layers/dropout.js';
import { buildFlatten } from '../layers/flatten.js';
import { chainLayers } from '../layers/layer.js';
import { layerStage, singleInput } from './single-input.js';

/** Options of {@link mlp}; also those of the dense layers of other encoders. */
export interface MlpOptions {
  /** After every layer. Default `'relu'`. */
  readonly activation?: Activation;
  /** Share of every layer's outputs that become 0 in training. Default 0. */
  readonly dropout?: number;
  /** Normalise before every activation. Default false. */
  readonly batchNorm?: boolean;
  /**
   * Make one vector of every row first. Default true; false acts on the last axis of longer shapes, the same layer at every
   * position, which tasks with an output per token or pixel need.
   */
  readonly flatten?: boolean;
}

/**
 * A multi-layer perceptron: an encoder of one input, or the hidden layers of a head. Stage i, named `dense0`, `dense1`, ..., is
 *
 * $$h_{i+1} = \text{dropout}\big(\phi(\text{BatchNorm}(h_i W_i + b_i))\big), \qquad h_0 = \text{flatten}(x)$$
 *
 * where W_i is `[width before, units[i]]`, φ the activation; BatchNorm (which then stands for b_i) and dropout where asked for.
 *
 * Shapes: `[rows, ...]` → `[rows, units.at(-1)]`; under `flatten: false` `[rows, ..., width]` → `[rows, ..., units.at(-1)]`.
 *
 * @remarks `mlp([])` has no variables: as a head it stands for "one linear layer per output and nothing before it". Its only
 * stage, `flatten`, flattens.
 * @param units Width of every layer.
 * @throws `POLYTASK_INVALID_OPTION` for widths, rates or activations that do not exist.
 * @throws `POLYTASK_ENCODER_INPUT` when it is built on several inputs, or on category ids.
 * @see D. E. Rumelhart, G. E. Hinton and R. J. Williams, "Learning representations by back-propagating errors", Nature 323,
 * 1986, https://doi.org/10.1038/323533a0
 * @example
 * ```ts
 * import { mlp } from '@polytask/core';
 *
 * const encoder = mlp([64, 32], { dropout: 0.1 });
 * encoder.stages({ x: { shape: [8], dtype: 'float32' } }).map((stage) => stage.name); // => ['dense0', 'dense1']
 * ```
 */
export function mlp(units: readonly number[], options: MlpOptions = {}): Encoder {
  requireMlp('units', units, options);
  return defineEncoder({
    name: 'mlp',
    options: { units, ...options },
    stages(inputs) {
      singleInput(inputs, 'mlp');
      if (units.length > 0) return denseStages(units, options);
      return [
        layerStage('flatten', 'mlp', (_, input) => chainLayers(input, [options.flatten !== false && buildFlatten])),
      ];
    },
  });
}

/**
 * The stages of {@link mlp}, for encoders that end in dense layers.
 *
 * @param units Width of every layer.
 * @example
 * ```ts
 * import { denseStages } from '@polytask/core';
 *
 * denseStages([50]).length; // => 1
 * ```
 */
export function denseStages(units: readonly number[], options: MlpOptions = {}): Stage[] {
  const { activation = 'relu', dropout = 0, batchNorm = false, flatten = true } = options;
  const dense = { bias: !batchNorm, kernel: kernelInitializer(activation) };
  return units.map((width, index) =>
    layerStage(`dense${index}`, 'mlp', (scope, input) =>
      chainLayers(input, [
        flatten && buildFlatten,
        (x) => buildDense(scope, x, width, dense),
        batchNorm && ((x) => buildBatchNorm(scope.child('batchNorm'), x)),
        (x) => buildActivation(x, activation),
        dropout > 0 && ((x) => buildDropout(scope.child('dropout'), x, dropout)),
      ]),
    ),
  );
}

/** Throws `POLYTASK_INVALID_OPTION` unless these are widths and options of dense layers. */
export function requireMlp(option: string, units: readonly number[], options: MlpOptions): void {
  const valid = Array.isArray(units) && units.every((width) => Number.isInteger(width) && width > 0);
  requireOption(valid, option, 'a list of positive whole numbers', units);
  requireActivation(options.activation ?? 'relu');
  requireRate('dropout', options.dropout ?? 0);
}
