import { requireOption } from '@polytask/core';
import { CholeskyDecomposition, Matrix } from 'ml-matrix';
import { averageWeights } from './average-weights.js';
import { mapWeights, requireSameWeights, type Weights } from './weights.js';

/** For each linear layer, by the path of its kernel, XᵀX `[inputs, inputs]` row by row; X are the rows that the layer gets. */
export type InputGramians = { readonly [path: string]: Float64Array };

/** Options of {@link regMean}. */
export interface RegMeanOptions {
  /** Factor of what XᵀX has off its diagonal, which makes it easier to invert. Default 0.9, as the paper's experiments. */
  readonly shrink?: number | undefined;
}

/**
 * RegMean: of each linear layer the one whose outputs are nearest to those of all models, each on the rows that it gets; all else is averaged.
 *
 * $$ W = \Big( \sum_t X_t^\top X_t \Big)^{-1} \sum_t X_t^\top X_t\, W_t $$
 *
 * @param gramians X_tᵀX_t, one for each model, in their order: {@link inputGramians}. Layers that are in none are averaged.
 * @throws `POLYTASK_MERGE` for models of different variables; `POLYTASK_INVALID_OPTION`.
 * @see X. Jin, X. Ren, D. Preoţiuc-Pietro and P. Cheng, "Dataless knowledge fusion by merging weights of language models", ICLR 2023,
 * https://arxiv.org/abs/2212.09849
 * @example
 * ```ts
 * import { regMean } from '@polytask/complementarity';
 * import { hostTensor } from '@polytask/core';
 *
 * const kernel = (...numbers: number[]) => ({ kernel: hostTensor(numbers, [1, numbers.length]) });
 * const gramians = [{ kernel: Float64Array.of(3) }, { kernel: Float64Array.of(1) }];
 * const { kernel: merged } = regMean([kernel(1, 0), kernel(5, 4)], gramians);
 * console.log(Array.from(merged?.data ?? [], (value) => value.toFixed(3))); // => [ '2.000', '1.000' ]
 * ```
 */
export function regMean(
  models: readonly Weights[],
  gramians: readonly InputGramians[],
  { shrink = 0.9 }: RegMeanOptions = {},
): Weights {
  requireOption(shrink >= 0 && shrink <= 1, 'shrink', 'a number from 0 to 1', shrink);
  requireSameWeights(models);
  const mean = averageWeights(models);
  return mapWeights(models, (values, path, [inputs = 0, outputs = 0]) => {
    const known = gramians.map((one) => one[path]);
    if (known.length !== models.length || known.some((one) => one?.length !== inputs * inputs))
      return mean[path]?.data ?? [];
    const left = Matrix.zeros(inputs, inputs);
    const right = Matrix.zeros(inputs, outputs);
    (known as Float64Array[]).forEach((numbers, t) => {
      const gramian = Matrix.from1DArray(inputs, inputs, Array.from(numbers));
      const shrunk = gramian.apply((i, j) => i !== j && gramian.set(i, j, shrink * gramian.get(i, j)));
      left.add(shrunk);
      right.add(shrunk.mmul(Matrix.from1DArray(inputs, outputs, Array.from(values[t] as ArrayLike<number>))));
    });
    return solved(left, right, Matrix.from1DArray(inputs, outputs, Array.from(mean[path]?.data ?? [])));
  });
}

/** X of G X = B, with G symmetric and not negative; inputs that no row has keep what they are in `otherwise`. */
function solved(gramian: Matrix, right: Matrix, otherwise: Matrix): ArrayLike<number> {
  // A little of the mean moves nothing that is known, and decides what is not.
  const little = (1e-7 * gramian.trace()) / gramian.rows + 1e-30;
  const ridge = Matrix.eye(gramian.rows).mul(little);
  const factor = new CholeskyDecomposition(Matrix.add(gramian, ridge));
  return factor.solve(Matrix.add(right, Matrix.mul(otherwise, little))).to1DArray();
}
