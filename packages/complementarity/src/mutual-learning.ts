import { describePart, list, type OptionsOf, optional, stopGradient, taskName } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { commonKind, requireSameRows } from './answers.js';
import { namedTasks } from './named-tasks.js';

const options = {
  tasks: optional(list(taskName(), { least: 1 }), 'Which tasks teach one another; they predict the same thing.', 'all'),
};

/** Options of {@link mutualLearning} besides those of all auxiliary terms. */
export type MutualLearningOptions = OptionsOf<typeof options>;

/**
 * Deep mutual learning: tasks that predict the same thing, each with its branch or network, its inputs or its labels, learn from one
 * another's predictions.
 *
 * $$ L = \sum_i \frac{1}{K - 1} \sum_{j \ne i} \frac{1}{N} \sum_n D_i(\bar p_{j,n} \,\|\, p_{i,n}), \qquad
 * D_i(p_j \,\|\, p_i) = \ell_i(o_i, p_j) - \ell_i(o_j, p_j) $$
 *
 * where
 * - p_{i,n} is what task i predicts for row n, o_i what its head puts out, ℓ_i its own loss; a bar stands for constants, through which
 *   no gradient flows;
 * - D_i is the Kullback-Leibler divergence for classes and for a yes or no, and the squared error (or the task's other loss of errors)
 *   for numbers.
 *
 * The mean is over all rows of the batch, with a label or without: only predictions are compared. It is 0, with a gradient of 0, where all
 * predict the same (but for rounding, where numbers are standardised).
 *
 * @remarks All predictions are from one forward pass, before any update, as in the paper's simultaneous form. Gradients flow into the
 * learner alone: without that the term would let teachers give way too. In the paper it is about classes; for numbers the second half of
 * D is 0. Label smoothing of a task smooths what it is taught.
 * @throws `POLYTASK_OTHER_ANSWERS` for tasks that cannot predict the same; `POLYTASK_SHAPE_MISMATCH` where they see different rows.
 * @example
 * ```ts
 * import { mutualLearning } from '@polytask/complementarity';
 *
 * const term = mutualLearning({ tasks: ['by-text', 'by-image'], weight: 0.5 });
 * console.log(term.name); // => mutual-learning
 * ```
 */
export const mutualLearning = /* @__PURE__ */ describePart('auxiliary', {
  name: 'mutual-learning',
  summary: 'Tasks that predict the same thing learn from one another: each from the predictions of all others.',
  cites: [
    {
      authors: 'Y. Zhang, T. Xiang, T. M. Hospedales and H. Lu',
      title: 'Deep mutual learning',
      venue: 'CVPR',
      year: 2018,
      url: 'https://arxiv.org/abs/1706.00384',
    },
  ],
  options,
  make: ({ tasks: named }) => ({
    bind({ tasks }) {
      const peers = namedTasks(tasks, named);
      commonKind('mutual-learning', peers);
      const names = peers.map(({ name }) => name);
      return {
        actsOn: () => (names.length > 1 ? names : undefined),
        loss({ state, predict, rowLosses }) {
          const said = peers.map(({ name }) => stopGradient(predict(name)));
          requireSameRows('mutual-learning', said);
          const terms = peers.flatMap((learner, i) =>
            peers.flatMap((teacher, j) => {
              if (i === j) return [];
              const wanted = said[j] as tf.Tensor;
              const outputs = { ...state.outputs, [learner.name]: state.outputs[teacher.name] as never };
              const least = stopGradient(rowLosses(learner.name, { ...state, outputs }, wanted));
              return [tf.mean(tf.sub(rowLosses(learner.name, state, wanted), least))];
            }),
          );
          return terms.length === 0 ? tf.scalar(0) : tf.div(tf.addN(terms), peers.length - 1);
        },
      };
    },
  }),
});
