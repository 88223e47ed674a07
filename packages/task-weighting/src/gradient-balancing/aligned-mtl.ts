import { choice, describePart, unitGramian, withDefault } from '@polytask/core';
import { sumOf } from '../solvers/dense.js';
import { applySpectral, rankTolerance, symmetricEigen } from '../solvers/eigen.js';
import { comparedGradients, inTaskOrder, preferenceOption, sharesOf, updateEveryOption } from './options.js';

/**
 * Aligned-MTL: gradients are made orthogonal and of equal length, with as little change as possible, and then averaged.
 *
 * $$ G = V \Lambda V^\top, \qquad w = \sigma \, V \Lambda^{-1/2} V^\top p, \qquad d = J^\top w $$
 *
 * where G = J Jᵀ, J `[K, P]` has the tasks' gradients as rows, p are preferences with a sum of 1, and σ² is an eigenvalue: the smallest (`'min'`), the median, or
 * the mean of them (`'rmse'`). Eigenvalues of 0 are left out.
 *
 * Shapes: G `[K, K]` → w `[K]`.
 *
 * @remarks The paper has `'min'`, its first code `'rmse'`; LibMTL sums instead of averaging. The median of an even number is the mean of the
 * middle two, as in NumPy; torch takes the lower one. What counts as 0 is decided at K times the precision of
 * float32: near-parallel gradients there change σ by orders of magnitude under `scale: 'paper'`. Weights may be negative. Under
 * `'representation'` it is Aligned-MTL-UB. With K = 1 the direction is the task's gradient.
 * @example
 * ```ts
 * import { balanceGradients } from '@polytask/core';
 * import { alignedMtl } from '@polytask/task-weighting';
 * import * as tf from '@tensorflow/tfjs';
 *
 * const balance = balanceGradients(alignedMtl({ scale: 'paper' }), ['a', 'b']);
 * const { weights } = await balance.direction(tf.tensor2d([[-4, 1, 1], [6, 1, 1]]));
 * console.log(Array.from(weights ?? [], (weight) => weight.toFixed(4))); // => [ '0.5591', '0.4083' ]
 * balance.dispose();
 * ```
 */
export const alignedMtl = /* @__PURE__ */ describePart('gradient-balancing', {
  name: 'aligned-mtl',
  summary: 'Makes the gradients orthogonal and of equal length before they are averaged.',
  cites: [
    {
      authors: 'D. Senushkin, N. Patakin, A. Kuznetsov and A. Konushin',
      title: 'Independent component alignment for multi-task learning',
      venue: 'CVPR',
      year: 2023,
      url: 'https://arxiv.org/abs/2305.19000',
    },
  ],
  options: {
    scaleMode: withDefault(
      choice('min', 'median', 'rmse'),
      'min',
      'How long the aligned gradients are: as the smallest, the median, or the root of the mean eigenvalue.',
      'paper',
    ),
    preference: preferenceOption,
    gradientsOf: comparedGradients,
    updateEvery: updateEveryOption,
  },
  make: ({ scaleMode, preference, gradientsOf, updateEvery }) => ({
    gradientsOf,
    updateEvery,
    bind({ tasks: names }) {
      const all = inTaskOrder(preference, names, 'preference');
      return {
        weights({ gramian, tasks }) {
          const k = tasks.length;
          const shares = sharesOf(all, tasks);
          const eigen = symmetricEigen(unitGramian(gramian).gramian, k);
          const least = rankTolerance(k) * Math.max(0, ...eigen.values);
          const kept = eigen.values.filter((value) => value > least);
          if (kept.length === 0) return shares;
          const sigma = Math.sqrt(sizeOf(kept, scaleMode));
          return applySpectral(eigen, (value) => (value > least ? sigma / Math.sqrt(value) : 0), shares);
        },
      };
    },
  }),
});

/** σ² of eigenvalues in ascending order. */
function sizeOf(values: Float64Array, mode: 'min' | 'median' | 'rmse'): number {
  if (mode === 'rmse') return sumOf(values) / values.length;
  const place = mode === 'min' ? 0 : (values.length - 1) / 2;
  return ((values[Math.floor(place)] as number) + (values[Math.ceil(place)] as number)) / 2;
}
