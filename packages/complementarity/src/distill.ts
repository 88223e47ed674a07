import {
  type AuxiliaryObjective,
  choice,
  describePart,
  either,
  flag,
  hostTensor,
  list,
  number,
  type OptionsOf,
  optional,
  type StepInfo,
  taskName,
  withDefault,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { labelsLike, meanWhere, unlabelled } from './answers.js';
import { namedTasks } from './named-tasks.js';
import { tasksSelected } from './selected-rows.js';
import { openTeachers, teachersOption, withTeachers } from './teachers.js';

const options = {
  teachers: teachersOption,
  tasks: optional(list(taskName(), { least: 1 }), 'Which tasks are taught.', 'all'),
  labelShare: withDefault(
    either([choice('anneal'), number({ from: 0, to: 1 })], 'anneal, or a number from 0 to 1'),
    'anneal',
    'Share of the label in a target, the rest is the teacher: anneal, from 0 to 1 in the course of the run; or one for all steps.',
    'paper',
  ),
  unlabelled: withDefault(
    flag(),
    false,
    'Whether rows without a label of a task learn from its teacher alone. That is the term, of which `weight` is the factor.',
  ),
};

/** Options of {@link distill} besides those of all auxiliary terms. */
export type DistillOptions = OptionsOf<typeof options>;

/**
 * Annealed distillation (BAM): every task learns from a mixture of its labels and of what its teacher says, a network that has learned
 * the task alone; in the course of the run the labels take over.
 *
 * $$ \ell_{k,n} = \ell_k\big(o_{k,n},\; \lambda\, y_{k,n} + (1 - \lambda)\, \hat y^{T}_{k,n}\big), \qquad
 * \lambda = \frac{\text{steps done}}{\text{steps of the run}} $$
 *
 * where
 * - ℓ_k is the task's own loss, o_{k,n} what its head puts out for row n, y_{k,n} the label (a class as a distribution);
 * - ŷ^T is the teacher's prediction, in inference mode: probabilities, or values in the label's units.
 *
 * So a balancing sees these losses, and weighs them as ever. At λ = 1 training is what it would be without the term, bit for bit.
 * Rows without a label are left alone, unless `unlabelled` has their teacher teach them: the term is then
 *
 * $$ \sum_k \frac{1 - \lambda}{|U_k|} \sum_{n \in U_k} \ell_k(o_{k,n}, \hat y^T_{k,n}) $$
 *
 * with U_k the rows of the batch without a label of task k; 0 where there are none.
 *
 * @remarks Where a run has no end of its own, λ is ½, as in the paper without annealing. λ goes by the epochs asked for: early
 * stopping may end a run before its labels have taken over. Label smoothing smooths the mixture. The paper's temperature is 1. It
 * also lets sampling of tasks go by size^¾ and layers learn at decaying rates, which a schedule and an optimizer do here.
 * @throws `POLYTASK_UNKNOWN_NAME` for tasks that there are not, and tasks without a teacher; `POLYTASK_NO_TEACHERS` at the first step
 * where `single-task` teachers have not been trained; `POLYTASK_SHAPE_MISMATCH` where a teacher answers in another form than labels have.
 * @example
 * ```ts
 * import { createTrainer, mlp, regression, tableDataset } from '@polytask/core';
 * import { distill } from '@polytask/complementarity';
 * import { hardSharing } from '@polytask/hard-sharing';
 *
 * const data = tableDataset({
 *   inputs: { x: { data: Float32Array.of(0, 1, 2, 3), shape: [4, 1] } },
 *   columns: { double: Float32Array.of(0, 2, 4, 6), square: Float32Array.of(0, 1, 4, 9) },
 * });
 * const tasks = [regression('double'), regression('square')] as const;
 * const sharing = hardSharing({ encoder: mlp([8]) });
 * const alone = await createTrainer({ tasks: [tasks[0]], sharing });
 * await alone.fit(data, { epochs: 20 });
 * const teacher = { tasks: [tasks[0]], sharing, model: await alone.model() };
 * alone.dispose();
 *
 * const auxiliary = [distill({ teachers: { double: teacher }, tasks: ['double'] })];
 * const trainer = await createTrainer({ tasks, sharing, auxiliary });
 * const history = await trainer.fit(data, { epochs: 2 });
 * console.log(history.tasks.double.trainLoss.length); // => 2
 * trainer.dispose();
 * ```
 */
export const distill = /* @__PURE__ */ describePart('auxiliary', {
  name: 'distill',
  summary:
    'Every task learns from its labels and from a teacher that has learned it alone; labels take over with time.',
  cites: [
    {
      authors: 'K. Clark, M.-T. Luong, U. Khandelwal, C. D. Manning and Q. V. Le',
      title: 'BAM! Born-again multi-task networks for natural language understanding',
      venue: 'ACL',
      year: 2019,
      url: 'https://arxiv.org/abs/1907.04829',
    },
  ],
  options,
  make: ({ tasks: names, labelShare, ...given }) => ({
    ...(given.teachers === 'single-task' && {
      taught: names,
      withTeachers: (teachers): AuxiliaryObjective =>
        withTeachers(distill({ ...given, tasks: names, labelShare, teachers })),
    }),
    bind({ tasks, executor }) {
      const taught = namedTasks(tasks, names);
      const shareAt = (step: StepInfo) => (labelShare === 'anneal' ? annealed(step) : labelShare);
      const teachers = openTeachers(
        'distill',
        executor,
        given.teachers,
        taught.map(({ name }) => name),
        (task) => `prediction/${task}`,
      );
      return {
        ...teachers,
        feeds: (step) => ({ share: hostTensor(shareAt(step)) }),
        actsOn: ({ weights, step }) =>
          given.unlabelled && shareAt(step) < 1
            ? tasksSelected(
                'unlabelled',
                taught.map(({ name }) => name),
                weights,
              )
            : undefined,
        targets: ({ batch, feeds }) =>
          Object.fromEntries(
            taught.map(({ name }) => {
              const teacher = feeds[`teacher/${name}`] as tf.Tensor;
              const labels = labelsLike(
                `What the teacher of task \`${name}\` says`,
                batch.targets[name] as tf.Tensor,
                teacher,
              );
              const share = feeds.share as tf.Tensor;
              return [name, tf.add(tf.mul(labels, share), tf.mul(teacher, tf.sub(1, share)))];
            }),
          ),
        loss({ batch, feeds, rowLosses }) {
          if (!given.unlabelled) return tf.scalar(0);
          const means = taught.map(({ name }) => {
            const rows = rowLosses(name, undefined, feeds[`teacher/${name}`] as tf.Tensor);
            return meanWhere(rows, unlabelled(batch.weights[name] as tf.Tensor));
          });
          return tf.mul(tf.addN(means), tf.sub(1, feeds.share as tf.Tensor));
        },
      };
    },
  }),
});

/** The part of a run that is done; one half where it has no end of its own. */
function annealed({ step, totalSteps }: StepInfo): number {
  return totalSteps === null ? 0.5 : Math.min(1, step / totalSteps);
}
