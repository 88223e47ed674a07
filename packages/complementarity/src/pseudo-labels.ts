import {
  describePart,
  hostTensor,
  list,
  number,
  type OptionsOf,
  optional,
  PolytaskError,
  stopGradient,
  taskName,
  whole,
  withDefault,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { answerKind, confidence, decided, meanWhere, unlabelled } from './answers.js';
import { namedTasks } from './named-tasks.js';
import { tasksSelected } from './selected-rows.js';

const options = {
  tasks: optional(list(taskName(), { least: 1 }), 'Which tasks.', 'all that answer one class, or a yes or no, per row'),
  threshold: withDefault(
    number({ from: 0, below: 1 }),
    0.75,
    'How probable an answer has to be to become a label. Look at the calibration error first: a network that is too sure of itself ' +
      'teaches itself its mistakes.',
    'scikit-learn',
  ),
  after: withDefault(whole({ from: 0 }), 0, 'Epochs before the term begins to count.'),
};

/** Options of {@link pseudoLabels} besides those of all auxiliary terms. */
export type PseudoLabelsOptions = OptionsOf<typeof options>;

/**
 * Pseudo-labels: where a task has no label for a row, and the model is sure enough of its answer, the answer is the label.
 *
 * $$ L = \sum_k \frac{1}{|U_k|} \sum_{n \in U_k} \mathbb{1}\big[\max_c \bar p_{k,n,c} > \theta\big]\;
 * \ell_k\big(o_{k,n}, \arg\max_c \bar p_{k,n,c}\big) $$
 *
 * where
 * - U_k are the rows of the batch without a label of task k, whether they are kept or not: the fewer answers are sure, the less the term
 *   weighs;
 * - p̄ are the model's predictions in inference mode, without dropout and by BatchNorm's averages, as constants; o what the heads put out
 *   in training mode, ℓ_k the task's own loss;
 * - θ is the `threshold`.
 *
 * What share of U_k is `kept`, over all tasks, is in the history.
 *
 * @remarks Without a row that lacks a label the term is 0. Where dropout and BatchNorm are absent, both passes are the same, and the term
 * only makes sure answers surer.
 * @throws `POLYTASK_OTHER_ANSWERS` for named tasks that do not answer one class, or a yes or no, per row.
 * @example
 * ```ts
 * import { pseudoLabels } from '@polytask/complementarity';
 *
 * const term = pseudoLabels({ threshold: 0.95, after: 5 });
 * console.log(term.kind); // => auxiliary
 * ```
 */
export const pseudoLabels = /* @__PURE__ */ describePart('auxiliary', {
  name: 'pseudo-labels',
  summary: 'Answers that the model is sure of become labels of rows that have none.',
  cites: [
    {
      authors: 'D.-H. Lee',
      title: 'Pseudo-label: the simple and efficient semi-supervised learning method for deep neural networks',
      venue: 'ICML workshop on challenges in representation learning',
      year: 2013,
      url: 'http://deeplearning.net/wp-content/uploads/2013/03/pseudo_label_final.pdf',
    },
    {
      authors: 'K. Sohn et al.',
      title: 'FixMatch: simplifying semi-supervised learning with consistency and confidence',
      venue: 'NeurIPS',
      year: 2020,
      url: 'https://arxiv.org/abs/2001.07685',
      note: 'A threshold, and the mean over all rows, whether they are kept or not.',
    },
  ],
  options,
  make: ({ tasks: names, threshold, after }) => ({
    bind({ tasks }) {
      const answering = namedTasks(tasks, names).flatMap((task) => {
        const kind = task.target.shape.length === 0 ? answerKind(task) : undefined;
        if (kind === 'classes' || kind === 'chances') return [{ name: task.name, kind }];
        if (names === undefined) return [];
        throw new PolytaskError(
          'POLYTASK_OTHER_ANSWERS',
          `\`pseudo-labels\` needs tasks that answer one class, or a yes or no, per row, but \`${task.name}\` is of type ` +
            `\`${task.type}\`. Leave it out of \`tasks\`.`,
        );
      });
      return {
        logged: ['kept'],
        actsOn: ({ weights, step }) =>
          step.epoch < after
            ? undefined
            : tasksSelected(
                'unlabelled',
                answering.map(({ name }) => name),
                weights,
              ),
        feeds: ({ epoch }) => ({ counts: hostTensor(epoch < after ? 0 : 1) }),
        loss({ batch, feeds, forward, predict, rowLosses }) {
          if (answering.length === 0) return { loss: tf.scalar(0), logged: { kept: tf.scalar(0) } };
          const clean = forward(batch.inputs, { training: false });
          const found = answering.map(({ name, kind }) => {
            const sure = stopGradient(predict(name, clean));
            const kept = tf.cast(tf.greater(confidence(kind, sure), threshold), 'float32');
            const without = unlabelled(batch.weights[name] as tf.Tensor);
            const losses = tf.mul(rowLosses(name, undefined, decided(kind, sure)), kept);
            return { loss: meanWhere(losses, without), kept: tf.sum(tf.mul(kept, without)), rows: tf.sum(without) };
          });
          const rows = tf.maximum(tf.addN(found.map((one) => one.rows)), 1);
          return {
            loss: tf.mul(tf.addN(found.map((one) => one.loss)), feeds.counts as tf.Tensor),
            logged: { kept: tf.div(tf.addN(found.map((one) => one.kept)), rows) },
          };
        },
      };
    },
  }),
});
