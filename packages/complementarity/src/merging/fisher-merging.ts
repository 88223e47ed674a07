import { mapWeights, requireSameWeights, type Weights } from './weights.js';

/**
 * Fisher merging: the mean of models, number by number, in which each counts as much as its own task depends on the number.
 *
 * $$ \theta = \frac{\sum_t F_t \odot \theta_t}{\sum_t F_t} $$
 *
 * where F_t is the diagonal of the Fisher information, {@link fisherInformation}. Where nobody depends on a number it is the plain mean.
 *
 * @param information F_t, one for each model, in their order.
 * @throws `POLYTASK_MERGE` for models of different variables.
 * @see M. Matena and C. Raffel, "Merging models with Fisher-weighted averaging", NeurIPS 2022, https://arxiv.org/abs/2111.09832
 * @example
 * ```ts
 * import { fisherMerging } from '@polytask/complementarity';
 * import { hostTensor } from '@polytask/core';
 *
 * const at = (...numbers: number[]) => ({ w: hostTensor(numbers) });
 * console.log(fisherMerging([at(1, 1), at(5, 5)], [at(3, 0), at(1, 0)]).w?.data); // => Float32Array(2) [ 2, 3 ]
 * ```
 */
export function fisherMerging(models: readonly Weights[], information: readonly Weights[]): Weights {
  requireSameWeights([...models, ...information]);
  const count = models.length;
  return mapWeights([...models, ...information], (all) => {
    const [values, shares] = [all.slice(0, count), all.slice(count)];
    return Float64Array.from(values[0] as ArrayLike<number>, (_, i) => {
      const total = shares.reduce((sum, one) => sum + (one[i] as number), 0);
      const weight = (t: number) => (total > 0 ? (shares[t]?.[i] as number) / total : 1 / count);
      return values.reduce((sum, one, t) => sum + weight(t) * (one[i] as number), 0);
    });
  });
}
