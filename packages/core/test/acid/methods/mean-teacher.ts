import { type AuxiliaryObjective, defineAuxiliary, hostTensor, type Program } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';

/** teacher ← α · teacher + (1 − α) · student. */
const average: Program = {
  name: 'average',
  run: ({ teacher, student, decay }) => ({
    teacher: tf.add(
      tf.mul(teacher as tf.Tensor, decay as tf.Tensor),
      tf.mul(student as tf.Tensor, tf.sub(1, decay as tf.Tensor)),
    ),
  }),
};

const copy: Program = { name: 'copy-statistics', run: ({ student }) => ({ teacher: tf.clone(student as tf.Tensor) }) };

/**
 * Tarvainen and Valpola 2017: the student agrees with a teacher whose parameters are a running mean of its own; BatchNorm's
 * statistics are copied. Mean over tasks of the mean squared difference of predictions.
 */
export function meanTeacher({ decay = 0.9, weight = 1 } = {}): AuxiliaryObjective {
  return defineAuxiliary({
    name: 'mean-teacher',
    options: { decay, weight },
    weight,
    bind({ tasks }) {
      const names = tasks.map(({ name }) => `prediction/${name}` as const);
      return {
        actsOn: () => tasks.map(({ name }) => name),
        async prepare(_, { parameters, stored, store, clone, run }) {
          const [values, state] = [stored('values'), stored('state')];
          if (values === undefined || state === undefined) {
            const start = await clone(parameters);
            store('values', start.values);
            store('state', start.state);
            return {};
          }
          const feeds = { teacher: values, student: parameters.values, decay: hostTensor(decay) };
          await run(average, { feeds, outputs: { teacher: values } });
          await run(copy, { feeds: { student: parameters.state }, outputs: { teacher: state } });
          return {};
        },
        async batchFeeds({ forward, stored }) {
          const [values, state] = [stored('values'), stored('state')];
          if (values === undefined || state === undefined) throw new Error('no teacher');
          return forward(names, { parameters: { values, state } });
        },
        loss({ feeds, predict }) {
          const differences = tasks.map(({ name }) =>
            tf.mean(tf.squaredDifference(predict(name), feeds[`prediction/${name}`] as tf.Tensor)),
          );
          return tf.mean(tf.stack(differences));
        },
      };
    },
  });
}
