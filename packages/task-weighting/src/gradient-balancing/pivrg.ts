import {
  type AnyTask,
  byTask,
  choice,
  compact,
  compactMatrix,
  describePart,
  kindOptions,
  number,
  required,
  type StepPrimitives,
  scaleWeights,
  softmax,
  spread,
  whole,
  withDefault,
} from '@polytask/core';
import { requireValidation } from '../require-validation.js';
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
 * where G = J Jᵀ, J `[K, P]` has the tasks' gradients as rows, and s_k is by how many per cent task k does worse on the validation data than the given
 * `baselines`, by its loss, or by its primary metric under `by: 'metric'`.
 *
 * Shapes: G = J Jᵀ `[K, K]`, s `[K]` → w `[K]`.
 *
 * @remarks Losses are measured at the first step of every epoch, on batches of the validation data; metrics are those of all validation data
 * after the epoch before, so that the first epoch has equal deficits. Until a task had a label in them its deficit is the mean of the others'. With equal
 * deficits it is `fairGrad` with α = 2. A task without a baseline is measured by its first value. The authors' deficits are of metrics, the mean where
 * a task has several, and on NYUv2 of the training data. With K = 1 the direction is the task's gradient, which `scale: 'paper'` divides by $\lVert g \rVert^{4/3}$.
 * @throws `POLYTASK_SOLVER` where the solver does not converge; `POLYTASK_NO_VALIDATION` without validation data.
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
    baselines: required(
      byTask(number({ above: 0 }), 'numbers'),
      'Validation losses of single-task models, or what their primary metrics are there.',
    ),
    by: withDefault(
      choice('loss', 'metric'),
      'loss',
      'How well a task does. metric: its primary metric on the validation data.',
    ),
    batches: withDefault(whole({ from: 1 }), 1, 'Validation batches that losses are measured on.'),
    ...kindOptions('gradient-balancing'),
  },
  make: ({ baselines, by, batches, scale, headGradients }) => ({
    needsValidation: true,
    bind({ tasks: names, objectives }) {
      const k = names.length;
      const directions = objectives.map(({ task }) => (by === 'loss' ? 1 : directionOf(task)));
      const start = () => ({
        epoch: -1,
        deficits: names.map((): number | null => null),
        base: Array.from(inTaskOrder(baselines, names, 'baselines', 0)),
      });
      let state = start();
      /** Takes what tasks have now; NaN where that is not known. */
      const see = (found: readonly number[]) => {
        found.forEach((value, i) => {
          if (Number.isNaN(value)) return;
          state.base[i] ||= value;
          const base = state.base[i] as number;
          state.deficits[i] = base === 0 ? 0 : (100 * (directions[i] as number) * (value - base)) / Math.abs(base);
        });
      };
      return {
        async step(primitives) {
          const { info, jacobian, gramian, combine, apply } = primitives;
          if (by === 'loss' && info.epoch !== state.epoch) {
            see(await validationLosses(primitives, batches));
            state.epoch = info.epoch;
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
        epochEnd({ validation }) {
          if (by === 'loss') return;
          const scores = requireValidation('pivrg', validation);
          see(objectives.map(({ name, task }) => scores[name]?.[task?.primaryMetric as string] ?? Number.NaN));
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

/** 1 where a task is worse the higher its primary metric is, else −1. */
function directionOf(task: AnyTask | undefined): number {
  return task?.metrics.find(({ name }) => name === task.primaryMetric)?.better === 'higher' ? -1 : 1;
}

/** Mean losses over so many batches of the validation data; NaN for tasks without a label there. */
async function validationLosses(
  { losses, validationBatch, objectives }: Pick<StepPrimitives, 'losses' | 'validationBatch' | 'objectives'>,
  batches: number,
): Promise<number[]> {
  const seen = objectives.map((): number[] => []);
  for (let n = 0; n < batches; n++) {
    const found = await losses({ batch: await validationBatch() });
    for (const [i, loss] of found.entries()) if (!Number.isNaN(loss)) seen[i]?.push(loss);
  }
  return seen.map((list) => sumOf(list) / list.length);
}

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
