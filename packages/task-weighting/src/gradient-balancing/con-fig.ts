import { describePart, gradientCosines, gradientNorms } from '@polytask/core';
import { dot, product, sumOf } from '../solvers/dense.js';
import { pseudoSolve } from '../solvers/eigen.js';
import { comparedGradients, inTaskOrder, preferenceOption, updateEveryOption } from './options.js';

/**
 * ConFIG, conflict-free inverse gradients: the direction with equal cosines to all tasks' gradients, as long as these reach along it together.
 *
 * $$ x = U^+ p, \quad \hat x = x / \lVert x \rVert, \qquad d = \Big(\sum_k g_k \cdot \hat x\Big) \hat x $$
 *
 * where g_k are the rows of J `[K, P]`, the rows of U are $g_k / \lVert g_k \rVert$, and p are preferences, by default ones: cosines are in proportion to
 * them.
 *
 * Shapes: G = J Jᵀ `[K, K]` → w `[K]` with d = Jᵀw.
 *
 * @remarks $U^+ = U^\top (U U^\top)^+$, so cosines are enough. Eigenvalues of the cosines below K times the precision of float32 count as 0: where no
 * direction has equal cosines, as among opposed gradients, the nearest is taken, and of two it is 0. For two tasks it is what DCGD calls its center form, and the first step of `rotoGrad` without rotation. With K = 1 the
 * direction is the task's gradient.
 * @example
 * ```ts
 * import { balanceGradients } from '@polytask/core';
 * import { conFig } from '@polytask/task-weighting';
 * import * as tf from '@tensorflow/tfjs';
 *
 * const balance = balanceGradients(conFig({ scale: 'paper' }), ['a', 'b']);
 * const { direction } = await balance.direction(tf.tensor2d([[0, 2], [4, 0]]));
 * console.log(direction.dataSync()); // => Float32Array(2) [ 3, 3 ]
 * balance.dispose();
 * ```
 */
export const conFig = /* @__PURE__ */ describePart('gradient-balancing', {
  name: 'con-fig',
  summary: "Goes at the same angle to every task's gradient.",
  cites: [
    {
      authors: 'Q. Liu, M. Chu and N. Thuerey',
      title: 'ConFIG: towards conflict-free training of physics informed neural networks',
      venue: 'ICLR',
      year: 2025,
      url: 'https://arxiv.org/abs/2408.11104',
    },
  ],
  options: { preference: preferenceOption, gradientsOf: comparedGradients, updateEvery: updateEveryOption },
  make: ({ preference, gradientsOf, updateEvery }) => ({
    gradientsOf,
    updateEvery,
    bind({ tasks: names }) {
      const all = inTaskOrder(preference, names, 'preference');
      return {
        weights: ({ gramian, tasks }) =>
          conflictFree(
            gramian,
            tasks.map((task) => all[task] as number),
          ),
      };
    },
  }),
});

/** w of {@link conFig}. */
export function conflictFree(gramian: Float64Array, preference: ArrayLike<number>): Float64Array {
  const norms = gradientNorms(gramian);
  const k = norms.length;
  // A gradient of zero has no direction, and no cosine with itself.
  const cosines = gradientCosines(gramian).map((cosine, at) => (norms[Math.floor(at / k)] === 0 ? 0 : cosine));
  const solved = pseudoSolve(
    cosines,
    Float64Array.from(preference).map((value, i) => (norms[i] === 0 ? 0 : value)),
  );
  const reached = product(cosines, solved);
  const square = dot(solved, reached);
  if (!(square > 0)) return new Float64Array(k);
  const length = sumOf(norms.map((norm, i) => norm * (reached[i] as number))) / square;
  return solved.map((value, i) => (norms[i] === 0 ? 0 : (value * length) / (norms[i] as number)));
}
