import type * as tf from '@tensorflow/tfjs';
import type { InputSpec } from '../contracts/batch.js';
import type { StepContext } from '../contracts/encoder.js';

/** A layer whose variables exist: it takes one tensor `[rows, ...]` and gives one `[rows, ...output.shape]`. */
export interface BuiltLayer {
  /** Shape and dtype of one row of what `apply` returns. */
  readonly output: InputSpec;
  apply(x: tf.Tensor, step: StepContext): tf.Tensor;
}

/** Builds a layer for what comes before it. */
export type LayerBuilder = (input: InputSpec) => BuiltLayer;

/**
 * Builds layers one after the other, each on the output of the one before.
 *
 * Shapes: `[rows, ...input.shape]` → `[rows, ...output.shape]` of the last layer; without layers, the input as it is.
 *
 * @param input What the first layer gets.
 * @param builders In order; `false` leaves a layer out.
 * @example
 * ```ts
 * import { buildDense, chainLayers, type BuildScope } from '@polytask/core';
 *
 * const twoLayers = (scope: BuildScope) =>
 *   chainLayers({ shape: [8], dtype: 'float32' }, [
 *     (x) => buildDense(scope.child('first'), x, 16, { activation: 'relu' }),
 *     (x) => buildDense(scope.child('second'), x, 4),
 *   ]);
 * ```
 */
export function chainLayers(input: InputSpec, builders: readonly (LayerBuilder | false)[]): BuiltLayer {
  const layers: BuiltLayer[] = [];
  let output = input;
  for (const build of builders) {
    if (build === false) continue;
    const layer = build(output);
    layers.push(layer);
    output = layer.output;
  }
  return { output, apply: (x, step) => layers.reduce((features, layer) => layer.apply(features, step), x) };
}
