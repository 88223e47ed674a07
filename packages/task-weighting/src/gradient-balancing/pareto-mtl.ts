import { byTask, compact, describePart, list, number, optional, whole, withDefault } from '@polytask/core';
import { dot, product } from '../solvers/dense.js';
import { minimumNorm } from '../solvers/minimum-norm.js';
import { comparedGradients, inTaskOrder, preferenceOption } from './options.js';

/**
 * Pareto MTL: descends on all losses within a sector of their space, that of the preference vectors to which the given one is nearest.
 *
 * $$ d = \sum_k w_k g_k \text{ the shortest convex combination of } \nabla L_k \text{ and } \nabla \big((u_j - u) \cdot L\big)
 * \text{ for all } j \text{ with } (u_j - u) \cdot \frac{L}{\lVert L \rVert} \ge -\epsilon $$
 *
 * where L `[K]` are the losses, u is the vector of `preference` and u_j are the `others`, all of length 1. At first, until the losses lie in the sector, only
 * constraints that are violated count.
 *
 * Shapes: G = J Jᵀ `[K, K]` and losses `[K]` → w `[K]`.
 *
 * @remarks A preference vector points to where losses should lie, so a task that matters more has a smaller entry. The default of `others` are the axes: one
 * run per sector of a set of vectors finds a point of the front in each. Weights may be negative, and their sum too while losses lie outside. Losses should be of like
 * units. With K = 1 there are no constraints and the direction is the gradient.
 * @example
 * ```ts
 * import { balanceGradients } from '@polytask/core';
 * import { paretoMtl } from '@polytask/task-weighting';
 * import * as tf from '@tensorflow/tfjs';
 *
 * const balance = balanceGradients(paretoMtl({ scale: 'paper' }), ['a', 'b']);
 * const { weights } = await balance.direction(tf.tensor2d([[1, 0], [0, 1]]), [1, 1]);
 * // Within the sector of equal preferences: MGDA.
 * console.log(weights); // => Float64Array(2) [ 0.5, 0.5 ]
 * balance.dispose();
 * ```
 */
export const paretoMtl = /* @__PURE__ */ describePart('gradient-balancing', {
  name: 'pareto-mtl',
  summary: 'Descends on all losses within a sector of their space, given by preference vectors.',
  cites: [
    {
      authors: 'X. Lin, H.-L. Zhen, Z. Li, Q. Zhang and S. Kwong',
      title: 'Pareto multi-task learning',
      venue: 'NeurIPS',
      year: 2019,
      url: 'https://arxiv.org/abs/1912.12854',
    },
  ],
  options: {
    preference: preferenceOption,
    others: optional(
      list(byTask(number({ from: 0 }), 'importance')),
      'The other preference vectors, which the given one is kept apart from; tasks that are not named count 0.',
      'one for each task alone',
    ),
    margin: withDefault(number({ from: 0 }), 0, 'ϵ: how near a constraint counts.', "the authors' code"),
    initialSteps: withDefault(
      whole({ from: 0 }),
      200,
      'Steps that only constraints may count for at most, at the start.',
    ),
    gradientsOf: comparedGradients,
  },
  make: ({ preference, others, margin, initialSteps, gradientsOf }) => ({
    gradientsOf,
    bind({ tasks: names }) {
      const own = unitOf(inTaskOrder(preference, names, 'preference'));
      const given = others ?? names.map((name) => ({ [name]: 1 }));
      const apart = given
        .map((other, i) =>
          unitOf(inTaskOrder(other, names, `others[${i}]`, 0)).map((value, k) => value - (own[k] as number)),
        )
        .filter((difference) => difference.some((value) => Math.abs(value) > 1e-12));
      let inside = false;
      return {
        weights({ gramian, losses, tasks, step }) {
          const length = Math.hypot(...losses);
          const constraints = apart.map((difference) => compact(difference, tasks));
          const excessOf = (difference: Float64Array) => (length > 0 ? dot(difference, losses) / length : 0);
          const violated = constraints.filter((difference) => excessOf(difference) > 0);
          if (violated.length === 0 || step.step >= initialSteps) inside = true;
          const near = constraints.filter((difference) => excessOf(difference) >= -margin);
          const objectives = tasks.map((_, i) => Float64Array.from(tasks, (_, j) => (i === j ? 1 : 0)));
          const rows = inside ? [...objectives, ...near] : violated;
          const shares = minimumNorm(gramianOf(rows, gramian));
          return Float64Array.from(tasks, (_, i) =>
            rows.reduce((sum, row, n) => sum + (shares[n] as number) * (row[i] as number), 0),
          );
        },
        saveState: () => ({ inside }),
        loadState(state) {
          inside = state.inside as boolean;
        },
        reset() {
          inside = false;
        },
      };
    },
  }),
});

/** A G Aᵀ, where the rows of A are combinations of the tasks. */
function gramianOf(rows: readonly Float64Array[], gramian: Float64Array): Float64Array {
  const count = rows.length;
  const found = new Float64Array(count * count);
  rows.forEach((row, i) => {
    const moved = product(gramian, row);
    for (let j = 0; j <= i; j++) {
      const value = dot(moved, rows[j] as Float64Array);
      found[i * count + j] = value;
      found[j * count + i] = value;
    }
  });
  return found;
}

function unitOf(vector: Float64Array): Float64Array {
  const length = Math.hypot(...vector);
  return vector.map((value) => (length > 0 ? value / length : 0));
}
