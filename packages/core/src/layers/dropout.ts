import * as tf from '@tensorflow/tfjs';
import type { InputSpec } from '../contracts/batch.js';
import type { BuildScope } from '../contracts/parameters.js';
import { requireOption } from '../errors/invalid-option-error.js';
import type { BuiltLayer } from './layer.js';

/**
 * Inverted dropout:
 *
 * $$y_i = \frac{x_i}{1 - p}\, [u_i \ge p] \quad \text{in training}, \qquad y = x \quad \text{otherwise}$$
 *
 * where p is the rate and u the step's uniform numbers for this layer's path (`StepContext.uniform`), so that eager, compiled
 * and resumed runs drop the same entries.
 *
 * Shapes: `[rows, ...]` → the same.
 *
 * @param scope The layer's own scope; only its path is used.
 * @param input What comes in, float32.
 * @param rate p, the share of entries that become 0.
 * @throws `POLYTASK_INVALID_OPTION` unless 0 ≤ rate < 1.
 * @see N. Srivastava, G. Hinton, A. Krizhevsky, I. Sutskever and R. Salakhutdinov, "Dropout: a simple way to prevent neural
 * networks from overfitting", JMLR 15, 2014, https://jmlr.org/papers/v15/srivastava14a.html; the paper drops half of the hidden units
 * @example
 * ```ts
 * import { buildDropout, type BuildScope } from '@polytask/core';
 *
 * const half = (scope: BuildScope) => buildDropout(scope.child('dropout'), { shape: [64], dtype: 'float32' }, 0.5);
 * ```
 */
export function buildDropout(scope: BuildScope, input: InputSpec, rate: number): BuiltLayer {
  requireRate('rate', rate);
  return {
    output: input,
    apply(x, step) {
      if (!step.training || rate === 0) return x;
      const kept = tf.cast(tf.greaterEqual(step.uniform(scope.path, x.shape), rate), 'float32');
      return tf.mul(x, tf.mul(kept, 1 / (1 - rate)));
    },
  };
}

/** Throws `POLYTASK_INVALID_OPTION` unless `rate` is a dropout rate. */
function requireRate(option: string, rate: number): void {
  requireOption(rate >= 0 && rate < 1, option, 'in [0, 1)', rate);
}
