import {
  byTask,
  compact,
  compactMatrix,
  describePart,
  kindOptions,
  number,
  required,
  scaleWeights,
  softmax,
  spread,
  whole,
  withDefault,
} from '@polytask/core';
import { bargainingWeights } from '../solvers/bargaining.js';
import { sumOf } from '../solvers/dense.js';
import { inTaskOrder } from './options.js';

/** Deficits that differ by less than this many per cent count as if they differed by that much. */
const leastTemperature = 10;

/**
 * PIVRG, performance-informed variance reduction: fairness between tasks, with more for those that are furthest behind on validation data.
 *
 * $$ (G \alpha)_k = \sqrt{p_k / \alpha_k}, \quad \alpha > 0, \qquad d = K J^\top \alpha, \qquad p = K \operatorname{softmax}(s / \tau), \quad
 * \tau = \max\Big(\frac{\max s - \min s}{\ln 2}, 10\Big) $$
 *
 * where G = J Jᵀ, J `[K, P]` has the tasks' gradients as rows, and s_k is by how many per cent task k's validation loss is above the given `baselines`.
 *
 * Shapes: G = J Jᵀ `[K, K]`, s `[K]` → w `[K]`.
 *
 * @remarks Deficits are measured at the first step of every epoch, on batches of the validation data; until a task had a label in them its deficit is the mean
 * of the others'. With equal deficits it is `fairGrad` with α = 2. A task without a baseline is measured by its first validation loss. The paper's deficits are
 * of metrics; losses are what a step plan sees.
 * @throws `POLYTASK_SOLVER` where the solver does not converge; an error where `fit` has no validation data.
 * @example
 * ```ts
 * import { pivrg } from '@polytask/task-weighting';
 *
 * console.log(pivrg({ baselines: { left: 0.3 } }).options.baselines); // => { left: 0.3 }
 * ```
 */
export const pivrg = /* @__PURE__ */ describePart('step-plan', {
  name: 'pivrg',
  summary: 'Shares the gain among tasks fairly, with more for those furthest behind on validation data.',
  cites: [
    {
      authors: 'X. Qin, X. Wang and J. Yan',
      title: 'Revisiting fairness in multitask learning: a performance-driven approach for variance reduction',
      venue: 'CVPR',
      year: 2025,
      url: 'https://openaccess.thecvf.com/content/CVPR2025/papers/Qin_Revisiting_Fairness_in_Multitask_Learning_A_Performance-Driven_Approach_for_Variance_CVPR_2025_paper.pdf',
    },
  ],
  options: {
    baselines: required(byTask(number({ above: 0 }), 'losses'), 'Validation losses of single-task models.'),
    batches: withDefault(whole({ from: 1 }), 1, 'Validation batches that deficits are measured on.'),
    ...kindOptions('gradient-balancing'),
  },
  make: ({ baselines, batches, scale, headGradients }) => ({
    bind({ tasks: names }) {
      const k = names.length;
      const start = () => ({
        epoch: -1,
        deficits: names.map((): number | null => null),
        base: Array.from(inTaskOrder(baselines, names, 'baselines', 0)),
      });
      let state = start();
      return {
        async step({ info, jacobian, gramian, combine, apply, losses, validationBatch }) {
          if (info.epoch !== state.epoch) {
            const sums = names.map(() => ({ total: 0, count: 0 }));
            for (let n = 0; n < batches; n++) {
              const found = await losses({ batch: await validationBatch() });
              sums.forEach((sum, i) => {
                if (Number.isNaN(found[i])) return;
                sum.total += found[i] as number;
                sum.count += 1;
              });
            }
            state.epoch = info.epoch;
            sums.forEach(({ total, count }, i) => {
              if (count === 0) return;
              const loss = total / count;
              state.base[i] ||= loss;
              state.deficits[i] = state.base[i]
                ? (100 * (loss - (state.base[i] as number))) / (state.base[i] as number)
                : 0;
            });
          }
          const own = await jacobian();
          const all = await gramian(own);
          const shares = preferencesOf(state.deficits, own.active);
          const alpha = bargainingWeights(compactMatrix(all, own.active, k), shares.map(Math.sqrt), 1 / 2);
          const found = alpha.map((weight) => weight * own.active.length);
          const weights = spread(scaleWeights(found, scale), own.active, k);
          await apply(await combine(own, weights, headGradients));
          return { losses: own.losses, weights, gramian: all };
        },
        saveState: () => structuredClone(state),
        loadState(saved) {
          state = structuredClone(saved) as typeof state;
        },
        reset() {
          state = start();
        },
      };
    },
  }),
});

/** p of the tasks present. */
export function preferencesOf(deficits: readonly (number | null)[], tasks: readonly number[]): Float64Array {
  const known = tasks.flatMap((task) => deficits[task] ?? []);
  const mean = sumOf(known) / Math.max(1, known.length);
  const found = compact(
    deficits.map((deficit) => deficit ?? mean),
    tasks,
  );
  const temperature = Math.max((Math.max(...found) - Math.min(...found)) / Math.LN2, leastTemperature);
  return softmax(found, temperature).map((share) => share * tasks.length);
}
