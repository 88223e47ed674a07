import { mapWeights, requireSameWeights, type Weights } from './weights.js';

/**
 * The mean of models, number by number:
 *
 * $$ \theta = \frac{1}{T} \sum_t \theta_t $$
 *
 * @remarks Of use where the models have gone out from the same start: networks that were drawn apart have their units in other places.
 * @throws `POLYTASK_MERGE` for models of different variables.
 * @see M. Wortsman et al., "Model soups", ICML 2022, https://arxiv.org/abs/2203.05482
 * @example
 * ```ts
 * import { averageWeights } from '@polytask/complementarity';
 * import { hostTensor } from '@polytask/core';
 *
 * const { w } = averageWeights([{ w: hostTensor([1, 2]) }, { w: hostTensor([3, 6]) }]);
 * console.log(w?.data); // => Float32Array(2) [ 2, 4 ]
 * ```
 */
export function averageWeights(models: readonly Weights[]): Weights {
  requireSameWeights(models);
  return mapWeights(models, (values) =>
    Float64Array.from(
      values[0] as ArrayLike<number>,
      (_, i) => values.reduce((sum, one) => sum + (one[i] as number), 0) / values.length,
    ),
  );
}
