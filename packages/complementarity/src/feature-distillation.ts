import {
  type AuxiliaryObjective,
  buildDense,
  byTask,
  describePart,
  list,
  number,
  type OptionsOf,
  optional,
  ShapeMismatchError,
  taskName,
  whole,
  withDefault,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { namedTasks } from './named-tasks.js';
import { openTeachers, teachersOption, withTeachers } from './teachers.js';

const options = {
  teachers: teachersOption,
  tasks: optional(list(taskName(), { least: 1 }), 'Which tasks are taught.', 'all'),
  weights: withDefault(
    byTask(number({ from: 0 }), 'factors'),
    {},
    'Factors of tasks in the term; 1 where a task is not named.',
    'paper',
  ),
  channels: optional(
    byTask(whole({ from: 1 }), 'numbers of channels'),
    "Length of the last axis of a teacher's features.",
    'as many as the features have that learn from them',
  ),
  learningRate: withDefault(number({ above: 0 }), 0.1, 'Of the adaptors.', 'paper'),
};

/** Options of {@link featureDistillation} besides those of all auxiliary terms. */
export type FeatureDistillationOptions = OptionsOf<typeof options>;

/**
 * Distillation of features (KD4MTL): what all tasks share is, once it has gone through a linear adaptor for each task, like the features
 * of a network that has learned that task alone.
 *
 * $$ L = \sum_k w_k \frac{1}{N} \sum_n \Big\| \frac{A_k f_n}{\|A_k f_n\|} - \frac{f^{T}_{k,n}}{\|f^{T}_{k,n}\|} \Big\|^2 $$
 *
 * where
 * - f_n is the shared representation of row n; under strategies without one, the features that the task's head sees;
 * - f^T_k is the same of the teacher of task k, in inference mode;
 * - A_k is a matrix by the last axis, the same at every position (a convolution of one by one without a bias), at `adaptor/<task>`, which
 *   starts as the identity where the lengths agree; norms are over all of a row.
 *
 * It is over all rows, with a label or without.
 *
 * @remarks The paper's adaptors have an Adam of their own with a decay of 5e-4; here they are in the run's optimizer, with the learning rate
 * as their own. In the paper they start at random.
 * @throws `POLYTASK_UNKNOWN_NAME` for tasks that there are not, and tasks without a teacher; `POLYTASK_NO_TEACHERS` at the first step where
 * `single-task` teachers have not been trained; `POLYTASK_SHAPE_MISMATCH` where features of teachers have another shape than was said.
 * @example
 * ```ts
 * import { featureDistillation } from '@polytask/complementarity';
 *
 * const term = featureDistillation({ teachers: 'single-task', weights: { depth: 2 } });
 * console.log(term.options.learningRate); // => 0.1
 * ```
 */
export const featureDistillation = /* @__PURE__ */ describePart('auxiliary', {
  name: 'feature-distillation',
  summary:
    'What tasks share is, through an adaptor per task, like the features of networks that have learned each task alone.',
  cites: [
    {
      authors: 'W.-H. Li and H. Bilen',
      title: 'Knowledge distillation for multi-task learning',
      venue: 'ECCV workshops',
      year: 2020,
      url: 'https://arxiv.org/abs/2007.06889',
    },
  ],
  options,
  make: ({ tasks: names, weights, channels, learningRate, ...given }) => ({
    ...(given.teachers === 'single-task' && {
      taught: names,
      withTeachers: (teachers): AuxiliaryObjective =>
        withTeachers(featureDistillation({ ...given, tasks: names, weights, channels, learningRate, teachers })),
    }),
    bind({ tasks, scope, shared, features, executor }) {
      const taught = namedTasks(tasks, names).map(({ name }) => {
        const shape = shared ?? (features[name] as readonly number[]);
        const wanted = channels?.[name] ?? (shape.at(-1) as number);
        const place = scope.child('adaptor').child(name, { learningRate });
        const kernel = wanted === shape.at(-1) ? { kernel: identity } : {};
        const adaptor = buildDense(place, { shape, dtype: 'float32' }, wanted, { bias: false, ...kernel });
        return { name, adaptor, weight: Object.hasOwn(weights, name) ? (weights[name] as number) : 1 };
      });
      const teachers = openTeachers(
        'feature-distillation',
        executor,
        given.teachers,
        taught.map(({ name }) => name),
        (task) => (shared === undefined ? `features/${task}` : 'shared'),
      );
      return {
        ...teachers,
        // Adaptors and what all tasks share; or what each task has for itself below its head.
        actsOn: () => (shared === undefined ? taught.map(({ name }) => name) : []),
        loss({ state, feeds, step }) {
          const terms = taught.map(({ name, adaptor, weight }) => {
            const own = adaptor.apply(state.shared ?? (state.features[name] as tf.Tensor), step);
            const wanted = feeds[`teacher/${name}`] as tf.Tensor;
            if (own.shape.join() !== wanted.shape.join()) {
              const advice = `Say how many channels they have, \`channels: { ${name}: ... }\`; all other axes have to agree.`;
              throw new ShapeMismatchError(
                `Features of the teacher of task \`${name}\``,
                own.shape,
                wanted.shape,
                advice,
              );
            }
            return tf.mul(tf.mean(normalizedDistance(own, wanted)), weight);
          });
          return tf.addN(terms);
        },
      };
    },
  }),
});

/** Ones on the diagonal. */
function identity([rows = 0, columns = 0]: readonly number[]): Float32Array {
  return Float32Array.from({ length: rows * columns }, (_, i) => (Math.floor(i / columns) === i % columns ? 1 : 0));
}

/**
 * Squared distance of rows over their lengths: from 0, where they point the same way, to 4.
 *
 * Shapes: two of `[rows, ...]` → `[rows]`.
 */
export function normalizedDistance(a: tf.Tensor, b: tf.Tensor): tf.Tensor {
  const unit = (of: tf.Tensor) => {
    const flat = tf.reshape(of, [of.shape[0] as number, -1]);
    return tf.div(flat, tf.sqrt(tf.add(tf.sum(tf.square(flat), 1, true), 1e-12)));
  };
  return tf.sum(tf.squaredDifference(unit(a), unit(b)), 1);
}
