import { buildColumns, buildHeads, describePart, inputsOf, type OptionsOf } from '@polytask/core';
import { columnOptions } from './task-columns.js';

/** Options of {@link softSharing}. */
export type SoftSharingOptions = OptionsOf<typeof columnOptions>;

/**
 * Soft parameter sharing: a network per task, which auxiliary terms tie to the others.
 *
 * $$ L = \sum_{k=1}^{K} L_k(\theta_k) + \lambda\, \Omega(\theta_1, \dots, \theta_K), \qquad
 * \hat y_k = \text{head}_k\big(f(x_k; \theta_k)\big) $$
 *
 * where
 * - θ_k are the parameters of task k: its column at `columns/<task>/<stage>`, its head at `heads/<task>`;
 * - Ω is a tie: `l2Distance` λ‖θ1 − θ2‖², `traceNorm`, or another auxiliary term on the columns; λ is its `weight`;
 * - x_k are the inputs that task k reads. Columns need not read the same rows.
 *
 * Shapes: inputs `[rows, ...]` → features `[rows, ...]` per task → outputs as each task declares them.
 *
 * @remarks Without a tie the tasks learn apart: a baseline for all that share. No parameter reaches two tasks, so a
 * gradient balancing has nothing to balance and is refused.
 * @example
 * ```ts
 * import { createTrainer, mlp, regression } from '@polytask/core';
 * import { l2Distance, softSharing } from '@polytask/soft-sharing';
 *
 * const trainer = await createTrainer({
 *   tasks: [regression('a'), regression('b')],
 *   sharing: softSharing({ encoder: mlp([8]) }),
 *   auxiliary: [l2Distance({ layers: ['columns'], weight: 0.01 })],
 *   inputs: { x: { shape: [3], dtype: 'float32' } },
 * });
 * console.log(trainer.parameters?.layout.segments.map(({ path }) => path).filter((path) => path.endsWith('dense0/kernel')));
 * // => [ 'columns/a/dense0/kernel', 'columns/b/dense0/kernel' ]
 * trainer.dispose();
 * ```
 */
export const softSharing = /* @__PURE__ */ describePart('sharing', {
  name: 'soft-sharing',
  summary: 'A network per task; auxiliary terms tie them to one another.',
  cites: [
    {
      authors: 'L. Duong, T. Cohn, S. Bird and P. Cook',
      title: 'Low resource dependency parsing: cross-lingual parameter sharing in a neural network parser',
      venue: 'ACL',
      year: 2015,
      url: 'https://aclanthology.org/P15-2139',
    },
  ],
  options: columnOptions,
  make: ({ encoder, head }) => ({
    bind({ tasks, inputs, scope }) {
      const columns = buildColumns(
        scope.child('columns'),
        tasks.map((task) => ({ name: task.name, encoder, inputs: inputsOf(task, inputs), usedBy: [task.name] })),
      );
      const heads = buildHeads(scope, tasks, columns.outputs, head);
      return { forward: (x, step) => heads.apply(columns.apply(x, step), step) };
    },
  }),
});
