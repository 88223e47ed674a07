import {
  compact,
  describePart,
  extend,
  hostAdam,
  number,
  required,
  scaleWeights,
  softmax,
  spread,
  withDefault,
} from '@polytask/core';
import { planOptions } from '../plan-options.js';
import { dot } from '../solvers/dense.js';
import { minimumNorm } from '../solvers/minimum-norm.js';
import { crossGramian } from './cross-gramian.js';

/**
 * MOML, multi-objective meta learning: weights that are learned so that no task's loss on validation data has to give
 * way to another's.
 *
 * $$ \theta' = \theta - \eta\, \nabla_\theta \sum_k w_k L_k(\theta), \qquad w = \operatorname{softmax}(a), \qquad
 * u_k = \nabla_a L_k^{\text{val}}(\theta'), \qquad
 * (u_k)_j = -\eta\, w_j \Big( C_{kj} - \sum_i w_i C_{ki} \Big), \qquad C_{ki} = \nabla L_k^{\text{val}}(\theta') \cdot \nabla L_i(\theta) $$
 *
 * a takes a step of Adam along the shortest convex combination of the $u_k / \lVert u_k \rVert$, and the model one
 * along $\nabla_\theta \sum_k w_k L_k(\theta)$ with the new w, where
 * - L_k `[K]` are the tasks' losses of the batch, and $L_k^{\text{val}}$ those of a batch of the validation data,
 * - η is the step size of the virtual step, and a_k, 0 at first, a number per task.
 *
 * Shapes: J `[K, P]` of both batches → C `[K, K]` → w `[K]`.
 *
 * @remarks Needs `validation` in `fit`. A step takes the gradients of all tasks on the batch and on a validation batch,
 * besides its own. Gradients are those of all parameters, heads included. One virtual step, of plain descent. Tasks
 * without a label in the validation batch have no say, and those that are absent keep their a.
 * @throws `POLYTASK_NO_VALIDATION` without validation data.
 * @example
 * ```ts
 * import { moml } from '@polytask/task-weighting';
 *
 * console.log(moml({ innerRate: 0.01 }).kind); // => step-plan
 * ```
 */
export const moml = /* @__PURE__ */ describePart('step-plan', {
  name: 'moml',
  summary: 'Learns weights that lower all tasks’ losses on validation data together.',
  cites: [
    {
      authors: 'F. Ye, B. Lin, Z. Yue, P. Guo, Q. Xiao and Y. Zhang',
      title: 'Multi-objective meta learning',
      venue: 'NeurIPS',
      year: 2021,
      url: 'https://arxiv.org/abs/2102.07121',
    },
  ],
  options: extend(
    {
      innerRate: required(
        number({ above: 0 }),
        'η: the step size of the virtual step; the learning rate of the model, as a rule.',
      ),
      learningRate: withDefault(number({ above: 0 }), 1e-3, 'Of a, for Adam.', 'LibMTL'),
    },
    planOptions,
  ),
  make: ({ innerRate, learningRate, scale }) => ({
    needsValidation: true,
    bind({ tasks }) {
      const logits = hostAdam(new Float64Array(tasks.length), { learningRate });
      const k = tasks.length;
      return {
        async step(primitives) {
          const { parameters, clone, axpy, combine, gradient, jacobian, apply, validationBatch, active } = primitives;
          const present = active();
          const w = softmax(logits.values);
          const train = await jacobian();
          const virtual = await clone(parameters);
          await axpy(virtual, -innerRate, await combine(train, w, 'weighted'));
          const batch = await validationBatch();
          const cross = await crossGramian(primitives, await jacobian({ parameters: virtual, batch }), train);
          const rows = active(batch).flatMap((task) => {
            const products = present.map((i) => cross[task * k + i] as number);
            const shares = compact(w, present);
            const mean = dot(products, shares);
            const row = products.map((product, i) => -innerRate * (shares[i] as number) * (product - mean));
            const length = Math.hypot(...row);
            return length > 0 ? [row.map((slope) => slope / length)] : [];
          });
          if (rows.length > 0) logits.step(spread(combined(rows), present, k), present);
          const weights = scaleWeights(compact(softmax(logits.values), present), scale);
          const found = await gradient({ weights: spread(weights, present, k) });
          await apply(found.gradient);
          return found;
        },
        saveState: logits.saveState,
        loadState: logits.loadState,
        reset: logits.reset,
      };
    },
  }),
});

/** The shortest convex combination of rows. */
function combined(rows: readonly (readonly number[])[]): number[] {
  const gramian = Float64Array.from(rows.flatMap((a) => rows.map((b) => dot(a, b))));
  const shares = minimumNorm(gramian);
  return (rows[0] as readonly number[]).map((_, i) =>
    rows.reduce((sum, row, r) => sum + (shares[r] as number) * (row[i] as number), 0),
  );
}
