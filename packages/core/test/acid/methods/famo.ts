import {
  defineStepPlan,
  hostAdam,
  hostTensor,
  type Scalarization,
  type StepPlan,
  softmax,
  stopGradient,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';

const epsilon = 1e-8;

/** c Σ z_i log l_i, c held fixed so that the weights sum to 1. Where a task is absent its z is 0. */
const scalarize: Scalarization = (losses, active, { z }) => {
  const shares = tf.mul(z as tf.Tensor, active);
  const known = tf.add(losses, tf.sub(1, active)); // log 1 = 0 for absent tasks
  const c = tf.div(1, tf.sum(tf.div(shares, tf.add(known, epsilon))));
  return tf.mul(stopGradient(c), tf.sum(tf.mul(shares, tf.log(tf.add(known, epsilon)))));
};

/** Liu, Feng, Stone, Liu 2023; losses are taken again after the update, on the same batch with the same dropout masks. */
export function famo({ learningRate = 0.025, decay = 1e-3 } = {}): StepPlan {
  return defineStepPlan({
    name: 'famo',
    options: { learningRate, decay },
    bind({ tasks }) {
      const logits = hostAdam(
        tasks.map(() => 0),
        { learningRate },
      );
      return {
        async step({ gradient, apply, losses: lossesNow, active }) {
          const z = softmax(logits.values);
          const found = await gradient({ scalarize, feeds: { z: hostTensor(z) } });
          await apply(found.gradient);
          const after = await lossesNow();
          const change = tasks.map(
            (_, k) => Math.log((found.losses[k] as number) + epsilon) - Math.log((after[k] as number) + epsilon),
          );
          const present = active();
          const mean = present.reduce((sum, k) => sum + (z[k] as number) * (change[k] as number), 0);
          const byLogit = change.map(
            (one, k) => (z[k] as number) * (one - mean) + decay * (logits.values[k] as number),
          );
          logits.step(byLogit, present);
          return found;
        },
        saveState: logits.saveState,
        loadState: logits.loadState,
        reset: logits.reset,
      };
    },
  });
}
