import { type AuxiliaryObjective, constantGradient, defineAuxiliary } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';

/**
 * Laine and Aila 2017: two passes over the same rows with other dropout agree. With `epsilon`, the second pass sees the rows a step
 * of that length away, in the direction in which the predictions change most (Miyato et al. 2018, with one exact gradient).
 */
export function piModel({ weight = 1, epsilon = 0, input = 'x' } = {}): AuxiliaryObjective {
  return defineAuxiliary({
    name: 'pi-model',
    options: { weight, epsilon },
    weight,
    bind: ({ tasks }) => ({
      logged: ['shift'],
      actsOn: () => tasks.map(({ name }) => name),
      loss({ batch, forward, predict }) {
        const x = batch.inputs[input] as tf.Tensor;
        const sum = (at: tf.Tensor) => {
          const state = forward({ ...batch.inputs, [input]: at }, { training: false });
          return tf.addN(tasks.map(({ name }) => tf.sum(predict(name, state))));
        };
        const [slope] = epsilon === 0 ? [] : constantGradient(() => sum(x), [x]);
        const shift = slope === undefined ? tf.zerosLike(x) : tf.mul(slope, tf.div(epsilon, tf.norm(slope)));
        const view = forward({ ...batch.inputs, [input]: tf.add(x, shift) });
        const differences = tasks.map(({ name }) => tf.mean(tf.squaredDifference(predict(name), predict(name, view))));
        return { loss: tf.mean(tf.stack(differences)), logged: { shift: tf.norm(shift) } };
      },
    }),
  });
}
