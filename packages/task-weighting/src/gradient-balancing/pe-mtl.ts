import {
  byTask,
  compact,
  describePart,
  gradientCosines,
  gradientNorms,
  number,
  optional,
  projectOnSimplex,
  requireOption,
} from '@polytask/core';
import { factorize, solveFactored } from '../solvers/cholesky.js';
import { sumOf } from '../solvers/dense.js';
import { wellPosed } from '../solvers/well-posed.js';
import { comparedGradients, inTaskOrder } from './options.js';

/**
 * PE-MTL (PE-LTR), Pareto-efficient weights with a least weight for each task.
 *
 * $$ \hat w = \arg\min_{\sum \hat w = 1 - \sum c} \lVert J^\top (\hat w + c) \rVert^2, \qquad
 * w = c + \arg\min_{v \ge 0,\ \sum v = 1 - \sum c} \lVert v - \hat w \rVert^2 $$
 *
 * where J `[K, P]` has the tasks' gradients as rows and c are the least weights, with a sum below 1.
 *
 * Shapes: G = J Jᵀ `[K, K]` → w `[K]`, with a sum of 1.
 *
 * @remarks The first problem may have negative weights; its solution is $G^{-1} \mathbf 1$, scaled, minus c. The second is the nearest point of a
 * simplex, exactly; the paper and TorchEasyRec search for it. So w is not `mgda`'s unless no weight was negative. The paper takes gradients of all
 * parameters, here those of what is shared. With K = 1 the weight is 1.
 * @example
 * ```ts
 * import { balanceGradients } from '@polytask/core';
 * import { peMtl } from '@polytask/task-weighting';
 * import * as tf from '@tensorflow/tfjs';
 *
 * const balance = balanceGradients(peMtl({ least: { a: 0.3 }, scale: 'paper' }), ['a', 'b']);
 * const { weights } = await balance.direction(tf.tensor2d([[3, 0], [0, 1]]));
 * console.log(Array.from(weights ?? [], (weight) => weight.toFixed(2))); // => [ '0.30', '0.70' ]
 * balance.dispose();
 * ```
 */
export const peMtl = /* @__PURE__ */ describePart('gradient-balancing', {
  name: 'pe-mtl',
  summary: 'Takes the shortest combination of gradients, but with a least weight for each task.',
  cites: [
    {
      authors: 'X. Lin, H. Chen, C. Pei, F. Sun, X. Xiao, H. Sun, Y. Zhang, W. Ou and P. Jiang',
      title: 'A Pareto-efficient algorithm for multiple objective optimization in e-commerce recommendation',
      venue: 'RecSys',
      year: 2019,
      url: 'https://doi.org/10.1145/3298689.3346998',
    },
  ],
  options: {
    least: optional(
      byTask(number({ from: 0, below: 1 }), 'least weights'),
      'Least weight of each task; their sum is below 1.',
      'all 0',
      'TorchEasyRec',
    ),
    gradientsOf: comparedGradients,
  },
  make: ({ least, gradientsOf }) => ({
    gradientsOf,
    bind({ tasks: names }) {
      const all = inTaskOrder(least, names, 'least', 0);
      requireOption(sumOf(all) < 1, 'least', 'numbers with a sum below 1', least);
      return {
        weights({ gramian, tasks }) {
          const floor = compact(all, tasks);
          const rest = 1 - sumOf(floor);
          const shortest = shortestInHull(gramian);
          const free = projectOnSimplex(shortest.map((weight, i) => (weight - (floor[i] as number)) / rest));
          return free.map((weight, i) => weight * rest + (floor[i] as number));
        },
      };
    },
  }),
});

/** Of all combinations with weights of any sign and a sum of 1, the shortest: G⁻¹ 1, scaled. */
function shortestInHull(gramian: Float64Array): Float64Array {
  const norms = gradientNorms(gramian);
  const k = norms.length;
  const zeros = norms.filter((norm) => norm === 0).length;
  if (zeros > 0) return norms.map((norm) => (norm === 0 ? 1 / zeros : 0));
  const all = Array.from({ length: k }, (_, i) => i);
  const factor = factorize(wellPosed(gradientCosines(gramian), k), k, all);
  // Lengths are measured by the shortest.
  const inverse = norms.map((norm) => Math.min(...norms) / norm);
  const solved = solveFactored(
    factor,
    factor.kept.map((i) => inverse[i] as number),
  );
  const found = new Float64Array(k);
  factor.kept.forEach((i, at) => {
    found[i] = (solved[at] as number) * (inverse[i] as number);
  });
  const total = sumOf(found);
  return found.map((weight) => weight / total);
}
