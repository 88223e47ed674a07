import { choice, describePart, gradientNorms, number, permutation, type State, withDefault } from '@polytask/core';
import { dot } from '../solvers/dense.js';

/** A target cosine this near to 1 would need endless weights. */
const largestTarget = 1 - 1e-6;

/**
 * GradVac, "gradient vaccine": gradients are turned towards one another until their cosines are what they usually are.
 *
 * For each task i, and for the other tasks j in random order, starting from $g_i' = g_i$, with $\rho = \cos(g_i', g_j)$:
 *
 * $$ g_i' \leftarrow g_i' + \frac{\lVert g_i' \rVert \big(\hat\rho_{ij} \sqrt{1 - \rho^2} - \rho \sqrt{1 - \hat\rho_{ij}^2}\big)}
 * {\lVert g_j \rVert \sqrt{1 - \hat\rho_{ij}^2}} \, g_j \quad\text{if } \rho < \hat\rho_{ij}, \qquad
 * \hat\rho_{ij} \leftarrow (1 - \beta) \hat\rho_{ij} + \beta \rho, \qquad d = \sum_i g_i' $$
 *
 * where g_j are the rows of J `[K, P]` as they were, and $\hat\rho$ `[K, K]` moving means of cosines, at first 0.
 *
 * Shapes: G = J Jᵀ `[K, K]` → w `[K]` with d = Jᵀw.
 *
 * @remarks The first step is that of `pcgrad`. The order is drawn from the run's seed. Cosines are kept within ±1: rounding beyond makes
 * LibMTL's roots NaN. `gradientsOf: 'layers'` has cosines of each layer. A task whose gradient is zero takes no part. With K = 1 the direction is the
 * task's gradient.
 * @example
 * ```ts
 * import { balanceGradients } from '@polytask/core';
 * import { gradVac } from '@polytask/task-weighting';
 * import * as tf from '@tensorflow/tfjs';
 *
 * const balance = balanceGradients(gradVac({ scale: 'paper' }), ['a', 'b']);
 * const { weights } = await balance.direction(tf.tensor2d([[-1, 1], [2, 0]]));
 * console.log(Array.from(weights ?? [], (weight) => weight.toFixed(3))); // => [ '2.000', '1.500' ]
 * balance.dispose();
 * ```
 */
export const gradVac = /* @__PURE__ */ describePart('gradient-balancing', {
  name: 'grad-vac',
  summary: 'Turns gradients towards one another until their cosines are what they usually are.',
  cites: [
    {
      authors: 'Z. Wang, Y. Tsvetkov, O. Firat and Y. Cao',
      title: 'Gradient vaccine: investigating and improving multi-task optimization in massively multilingual models',
      venue: 'ICLR',
      year: 2021,
      url: 'https://arxiv.org/abs/2010.05874',
    },
  ],
  options: {
    beta: withDefault(
      number({ above: 0, to: 1 }),
      0.5,
      'How fast the usual cosines follow those of the step.',
      'LibMTL',
    ),
    gradientsOf: withDefault(
      choice('shared', 'last-shared-layer', 'layers'),
      'shared',
      'Which gradients are compared: of all shared parameters, of the last shared layer, or of each layer by itself.',
    ),
  },
  make: ({ beta, gradientsOf }) => ({
    gradientsOf,
    bind({ tasks: names, uniform }) {
      const k = names.length;
      const targets = new Map<string, Float64Array>();
      return {
        weights({ gramian, tasks, block, step }) {
          const target = targets.get(block) ?? new Float64Array(k * k);
          targets.set(block, target);
          const draw = uniform(step.step);
          const norms = gradientNorms(gramian);
          const total = new Float64Array(tasks.length);
          tasks.forEach((task, i) => {
            const own = new Float64Array(tasks.length);
            own[i] = 1;
            // G times own: the products of g_i' with all gradients.
            const along = gramian.slice(i * tasks.length, (i + 1) * tasks.length);
            for (const j of permutation(tasks.length, draw)) {
              const at = task * k + (tasks[j] as number);
              const length = norms[j] as number;
              const now = Math.sqrt(Math.max(0, dot(own, along)));
              if (j === i || length === 0 || now === 0) continue;
              const usual = Math.min(largestTarget, target[at] as number);
              const cosine = Math.min(1, Math.max(-1, (along[j] as number) / now / length));
              if (cosine < usual) {
                const root = Math.sqrt(1 - usual ** 2);
                const turn = usual * Math.sqrt(1 - cosine ** 2) - cosine * root;
                const more = (now / length) * (turn / root);
                own[j] = (own[j] as number) + more;
                for (let m = 0; m < tasks.length; m++) {
                  along[m] = (along[m] as number) + more * (gramian[j * tasks.length + m] as number);
                }
              }
              target[at] = (1 - beta) * (target[at] as number) + beta * cosine;
            }
            own.forEach((weight, j) => {
              total[j] = (total[j] as number) + weight;
            });
          });
          return total;
        },
        saveState: () => ({
          targets: Object.fromEntries([...targets].map(([block, values]) => [block, Array.from(values)])),
        }),
        loadState(state) {
          targets.clear();
          for (const [block, values] of Object.entries(state.targets as State)) {
            targets.set(block, Float64Array.from(values as number[]));
          }
        },
        reset: () => targets.clear(),
      };
    },
  }),
});
