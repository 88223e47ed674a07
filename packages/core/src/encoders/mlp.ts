import type { Stage } from '../contracts/encoder.js';
import { activationNames, buildActivation, kernelInitializer } from '../layers/activation.js';
import { buildBatchNorm } from '../layers/batch-norm.js';
import { buildDense } from '../layers/dense.js';
import { buildDropout } from '../layers/dropout.js';
import { buildFlatten } from '../layers/flatten.js';
import { chainLayers } from '../layers/layer.js';
import { describePart, withArguments } from '../options/describe-part.js';
import { fillOptions } from '../options/fill-options.js';
import { extend, type OptionsOf, required, withDefault } from '../options/option.js';
import { choice, flag, list, number, whole } from '../options/takes.js';
import { layerStage, singleInput } from './single-input.js';

/** Widths of layers. */
export const widths = list(whole({ from: 1 }));

/** Options of layers with an activation. */
export const layerOptions = {
  activation: withDefault(choice(...activationNames), 'relu', 'After every layer.'),
  dropout: withDefault(
    number({ from: 0, below: 1 }),
    0,
    "Share of every dense layer's outputs that become 0 in training.",
  ),
  batchNorm: withDefault(flag(), false, 'Normalise before every activation.'),
};

/** Options of dense layers. */
export const denseOptions = extend(layerOptions, {
  flatten: withDefault(
    flag(),
    true,
    'Make one vector of every row first; false acts on the last axis of longer shapes, which tasks per token or pixel need.',
  ),
});

/** Dense layers after something else. */
export const moreUnits = { units: withDefault(widths, [], 'Widths of dense layers that follow.') };

/** Options of {@link mlp} besides its widths; also those of the dense layers of other encoders. */
export type MlpOptions = OptionsOf<typeof denseOptions>;

const layers = describePart('encoder', {
  name: 'mlp',
  summary: 'Dense layers.',
  cites: [
    {
      authors: 'D. E. Rumelhart, G. E. Hinton and R. J. Williams',
      title: 'Learning representations by back-propagating errors',
      venue: 'Nature 323',
      year: 1986,
      url: 'https://doi.org/10.1038/323533a0',
    },
  ],
  options: extend({ units: required(widths, 'Width of every layer.') }, denseOptions),
  make: ({ units, ...options }) => ({
    stages(inputs) {
      singleInput(inputs, 'mlp');
      if (units.length > 0) return denseStages(units, options);
      return [layerStage('flatten', 'mlp', (_, input) => chainLayers(input, [options.flatten && buildFlatten]))];
    },
  }),
});

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
 * @throws `POLYTASK_INVALID_OPTION` for widths, rates or activations that do not exist.
 * @throws `POLYTASK_ENCODER_INPUT` when it is built on several inputs, or on category ids.
 * @example
 * ```ts
 * import { mlp } from '@polytask/core';
 *
 * const encoder = mlp([64, 32], { dropout: 0.1 });
 * encoder.stages({ x: { shape: [8], dtype: 'float32' } }).map((stage) => stage.name); // => ['dense0', 'dense1']
 * ```
 */
export const mlp = withArguments(layers, (units: readonly number[], options?: MlpOptions) => ({ ...options, units }));

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
  const { activation, dropout, batchNorm, flatten } = fillOptions(denseOptions, options);
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
