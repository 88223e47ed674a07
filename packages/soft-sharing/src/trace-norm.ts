import {
  choice,
  describePart,
  flag,
  hostTensor,
  type OptionsOf,
  type ParameterReader,
  withDefault,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { leftSpectrum, ofSpectrum, rankBound } from './spectrum.js';
import { layersOption, type TiedVariable, tiedVariables } from './tied-layers.js';
import { type Unfolding, unfold, unfoldings, unfoldOnHost } from './unfolding.js';

const options = {
  layers: layersOption,
  form: withDefault(
    choice('last-axis', 'tucker', 'tensor-train'),
    'last-axis',
    'As which matrices the stacked weights are seen: a row per task, an unfolding for each axis, or a cut after each axis.',
    'paper, the cheapest of three',
  ),
  biases: withDefault(flag(), false, 'Whether variables of one axis (biases) are tied too.'),
};

/** Options of {@link traceNorm} besides those of all auxiliary terms. */
export type TraceNormOptions = OptionsOf<typeof options>;

/**
 * A tie by the trace norm: the tasks' copies of a layer, stacked, are drawn to a matrix of low rank, so that each
 * becomes a combination of few that all have in common.
 *
 * $$ \Omega = \sum_{\text{layers}} \sum_{m} \lVert W_{(m)} \rVert_*, \qquad \lVert M \rVert_* = \sum_i \sigma_i(M),
 * \qquad \partial \lVert M \rVert_* \ni (M M^\top)^{-1/2} M = U V^\top $$
 *
 * where
 * - W `[d_1, ..., d_n, K]` has the copies of one variable side by side, σ are singular values, M = U diag(σ) Vᵀ;
 * - m are matrices of it: with `last-axis` one, `[K, d_1 ⋯ d_n]`, for matrices the trace norm of [vec W₁ … vec W_K];
 *   with `tucker` one for each axis, `[d_i, rest]`; with `tensor-train` one for each cut, `[d_1 ⋯ d_i, d_{i+1} ⋯ K]`.
 *
 * λ is `weight`. The host works out A = (M Mᵀ)^{−1/2} in float64 from the Gramian of the smaller side, every
 * `updateEvery` steps; within a step the term is ½(⟨A, M Mᵀ⟩ + ‖M₀‖_*), M₀ the matrix that A is of. Its value and
 * gradient at M₀ are exactly those of the norm; between two updates it lies above the norm, so that following it does
 * not lead astray.
 *
 * @remarks At singular values of 0 the norm has a kink, and the subgradient of least length is taken: such directions
 * are not pushed. Steps of an optimizer make singular values small, but not 0; `proximalTraceNorm` does. A host phase
 * costs about n³ for the n rows or columns of the smaller side: nothing for K tasks, seconds for `tucker` on axes of
 * 500. Weights of the modes are 1 each.
 * @throws `POLYTASK_TIES`, `POLYTASK_UNKNOWN_NAME`, `POLYTASK_SHAPE_MISMATCH` as {@link l2Distance}.
 * @example
 * ```ts
 * import { traceNorm } from '@polytask/soft-sharing';
 *
 * const tie = traceNorm({ layers: ['columns'], weight: 0.01, updateEvery: 5 });
 * console.log(tie.name, tie.updateEvery); // => trace-norm 5
 * ```
 */
export const traceNorm = /* @__PURE__ */ describePart('auxiliary', {
  name: 'trace-norm',
  summary: "Draws the tasks' copies of layers, stacked, to low rank by their trace norm.",
  cites: [
    {
      authors: 'Y. Yang and T. M. Hospedales',
      title: 'Trace norm regularised deep multi-task learning',
      venue: 'ICLR workshop',
      year: 2017,
      url: 'https://arxiv.org/abs/1606.04038',
    },
  ],
  options,
  make: ({ layers, form, biases }) => ({
    bind({ layout }) {
      const tied = tiedVariables(layout, layers, biases).map((one) => {
        const shape = [one.copies.length, ...one.shape];
        return { ...one, shape, matrices: unfoldings(form, shape) };
      });
      return {
        async prepare(parameters) {
          const spectra = await Promise.all(tied.map((one) => rootsOf(one, parameters)));
          const feeds = spectra
            .flat()
            .map(({ root, size }, i) => [`root${i}`, hostTensor(root, [size, size])] as const);
          const norm = spectra.flat().reduce((sum, one) => sum + one.norm, 0);
          return { ...Object.fromEntries(feeds), norm: hostTensor(norm) };
        },
        loss({ feeds }) {
          const norm = feeds.norm as tf.Tensor;
          let at = 0;
          const products = tied.flatMap(({ copies, matrices }) => {
            const stack = tf.stack(copies.map(({ variable }) => variable));
            return matrices.map((unfolding) => {
              const matrix = unfold(stack, unfolding);
              const root = feeds[`root${at++}`] as tf.Tensor2D;
              const byRoot = unfolding.rows > unfolding.columns ? tf.matMul(matrix, root) : tf.matMul(root, matrix);
              return tf.sum(tf.mul(matrix, byRoot));
            });
          });
          return products.length === 0 ? norm : tf.mul(tf.add(tf.addN(products), norm), 0.5);
        },
      };
    },
  }),
});

/** A variable's stack, as matrices. */
interface Unfolded extends TiedVariable {
  readonly matrices: readonly Unfolding[];
}

/** (M Mᵀ)^{−1/2} on the smaller side of each matrix, and the sum of its singular values. */
async function rootsOf({ copies, shape, matrices }: Unfolded, parameters: ParameterReader) {
  const values = await Promise.all(copies.map(({ path }) => parameters.read(path)));
  const stack = Float64Array.from(values.flatMap(({ data }) => Array.from(data)));
  return matrices.map((unfolding) => {
    const { matrix, rows, columns } = unfoldOnHost(stack, shape, unfolding);
    // Weights that are lost already: the loss says so.
    if (!stack.every(Number.isFinite)) return { root: new Float64Array(rows * rows), size: rows, norm: Number.NaN };
    const spectrum = leftSpectrum(matrix, rows, columns);
    const bound = rankBound(spectrum);
    const root = ofSpectrum(spectrum, (value) => (value >= bound ? 1 / value : 0));
    return { root, size: rows, norm: spectrum.values.reduce((sum, value) => sum + value, 0) };
  });
}
