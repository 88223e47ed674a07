import { type AuxiliaryObjective, buildDense, defineAuxiliary, hostTensor, reverseGradient } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';

/** Ganin et al. 2016: λ(p) = 2 / (1 + e^{−10p}) − 1 over so many steps. */
export const ganinSchedule = (steps: number) => (step: number) =>
  2 / (1 + Math.exp((-10 * Math.min(step, steps)) / steps)) - 1;

/** A linear classifier that tells from the shared representation which task's data set a row came from, with the gradient reversed. */
export function taskDiscriminator(
  options: { weight?: number; schedule?: (step: number) => number; asTask?: boolean } = {},
): AuxiliaryObjective {
  const { weight = 1, schedule = () => 1, asTask = false } = options;
  return defineAuxiliary({
    name: 'task-discriminator',
    options: { weight, asTask },
    weight,
    asTask,
    bind({ scope, shared, tasks }) {
      if (shared === undefined) throw new Error('no shared representation');
      const classifier = buildDense(scope.child('classifier'), { shape: shared, dtype: 'float32' }, tasks.length);
      return {
        feeds: ({ step }) => ({ lambda: hostTensor(schedule(step)) }),
        loss({ state, batch, feeds, step }) {
          if (batch.rowTask === undefined) throw new Error('no data set per task');
          const reversed = reverseGradient(state.shared as tf.Tensor, feeds.lambda as tf.Tensor);
          const logits = classifier.apply(reversed, step);
          const wanted = tf.oneHot(batch.rowTask, tasks.length);
          return tf.neg(tf.mean(tf.sum(tf.mul(tf.logSoftmax(logits), wanted), 1)));
        },
      };
    },
  });
}
