import { describePart, extend, gradientCosines, gradientNorms, number, withDefault } from '@polytask/core';
import { primaryIndex, primaryOptions } from './primary.js';

/** Cosines that are aimed at stay this far from 1, where the formula divides by 0. */
const margin = 1e-6;

/**
 * GradVac for a primary task: auxiliary tasks' gradients are turned towards the primary task's, until they are as
 * similar as they usually are.
 *
 * $$ d = g_p + \sum_{i \ne p} \Big( g_i + \frac{\lVert g_i \rVert \big( \hat\rho_i \sqrt{1 - \rho_i^2} - \rho_i \sqrt{1 - \hat\rho_i^2} \big)}
 * {\lVert g_p \rVert \sqrt{1 - \hat\rho_i^2}}\, g_p\, [\rho_i < \hat\rho_i] \Big), \qquad
 * \hat\rho_i \leftarrow (1 - \beta) \hat\rho_i + \beta \rho_i $$
 *
 * where
 * - g_i are the tasks' gradients of the shared parameters, of which G = J Jᵀ `[K, K]` is enough,
 * - p is the primary task, ρ_i the cosine between g_i and g_p, and $\hat\rho_i$, 0 at first, its moving average.
 *
 * Shapes: G = J Jᵀ `[K, K]` → w `[K]`.
 *
 * @remarks The first step is that of `priPcgrad`. Gradients of zero are left as they are, and move no average. In a
 * batch without a label of the primary task gradients are as they are.
 * @throws `POLYTASK_INVALID_OPTION` where no primary task is named.
 * @example
 * ```ts
 * import { balanceGradients } from '@polytask/core';
 * import { priGradVac } from '@polytask/task-weighting';
 * import * as tf from '@tensorflow/tfjs';
 *
 * const balance = balanceGradients(priGradVac({ primary: 'a', scale: 'paper' }), ['a', 'b']);
 * const { direction } = await balance.direction(tf.tensor2d([[2, 0], [-1, 3]]));
 * console.log([...direction.dataSync()].map((value) => value.toFixed(3))); // => [ '2.000', '3.000' ]
 * balance.dispose();
 * ```
 */
export const priGradVac = /* @__PURE__ */ describePart('gradient-balancing', {
  name: 'pri-grad-vac',
  summary: "Turns auxiliary tasks' gradients towards the primary task's, to their usual similarity.",
  cites: [
    {
      authors: 'Z. Wang, Y. Tsvetkov, O. Firat and Y. Cao',
      title: 'Gradient vaccine: investigating and improving multi-task optimization in massively multilingual models',
      venue: 'ICLR',
      year: 2021,
      url: 'https://arxiv.org/abs/2010.05874',
      note: 'With the primary task in the place of all others, as a baseline of ForkMerge.',
    },
  ],
  options: extend(primaryOptions, {
    beta: withDefault(
      number({ above: 0, to: 1 }),
      0.5,
      'β: how much the newest cosine counts in the average.',
      'LibMTL, TorchJD',
    ),
  }),
  make: ({ primary, beta }) => ({
    bind(context) {
      const p = primaryIndex(primary, context);
      const names = context.tasks;
      let usual = names.map(() => 0);
      return {
        weights({ gramian, tasks }) {
          const at = tasks.indexOf(p);
          if (at < 0) return tasks.map(() => 1);
          const norms = gradientNorms(gramian);
          const cosines = gradientCosines(gramian).subarray(at * tasks.length);
          const own = norms[at] as number;
          let total = 1;
          tasks.forEach((task, i) => {
            const norm = norms[i] as number;
            if (task === p || norm === 0 || own === 0) return;
            const [aim, cosine] = [usual[task] as number, cosines[i] as number];
            if (cosine < aim) {
              const across = Math.sqrt(1 - aim ** 2);
              total += ((norm / own) * (aim * Math.sqrt(1 - cosine ** 2) - cosine * across)) / across;
            }
            const next = (1 - beta) * aim + beta * cosine;
            usual[task] = Math.min(1 - margin, Math.max(margin - 1, next));
          });
          return tasks.map((task) => (task === p ? total : 1));
        },
        log: () =>
          Object.fromEntries(names.flatMap((name, k) => (k === p ? [] : [[`cosine/${name}`, usual[k] as number]]))),
        saveState: () => ({ usual }),
        loadState(state) {
          usual = [...(state.usual as number[])];
        },
        reset() {
          usual = names.map(() => 0);
        },
      };
    },
  }),
});
