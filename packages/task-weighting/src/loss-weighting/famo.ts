import {
  byTask,
  describePart,
  extend,
  hostAdam,
  hostTensor,
  number,
  type Scalarization,
  softmax,
  stopGradient,
  withDefault,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { numbersByTask } from '../by-task.js';
import { planOptions } from '../plan-options.js';

const epsilon = 1e-8;

/**
 * FAMO, fast adaptive multitask optimisation: weights that let all losses fall at the same rate, without a gradient per
 * task.
 *
 * $$ L = c \sum_k z_k \log(L_k - b_k + \epsilon), \qquad z = \operatorname{softmax}(\xi), \qquad
 * c = \Big( \sum_k \frac{z_k}{L_k - b_k + \epsilon} \Big)^{-1} $$
 *
 * and after the step on the model, from the losses L' of the same batch,
 *
 * $$ \delta_k = \log(L_k - b_k + \epsilon) - \log(L_k' - b_k + \epsilon), \qquad
 * \xi \leftarrow \operatorname{Adam}\Big( \xi,\ z_k \big( \delta_k - \textstyle\sum_j z_j \delta_j \big) + \gamma \xi_k \Big) $$
 *
 * where
 * - L_k `[K]` are the tasks' losses of the batch, and b_k lower bounds of them, ε = 10⁻⁸,
 * - ξ_k, 0 at first, are learned on the host; c is held constant, so that the weights $c z_k / (L_k - b_k + \epsilon)$
 *   sum to 1,
 * - γ pulls ξ back to 0.
 *
 * Shapes: losses `[K]` before and after the step → w `[K]`.
 *
 * @remarks The second look at the losses is a forward pass, with the same dropout masks; it moves no batch statistics.
 * A copy of FAMO in circulation multiplies where c divides. Where a task is absent, its ξ stands still.
 * @throws `POLYTASK_LOSS_TOO_LOW` for losses below b.
 * @example
 * ```ts
 * import { famo } from '@polytask/task-weighting';
 *
 * console.log(famo().options); // => { minima: {}, learningRate: 0.025, decay: 0.001, scale: 'tasks' }
 * ```
 */
export const famo = /* @__PURE__ */ describePart('step-plan', {
  name: 'famo',
  summary: 'Lets all losses fall at the same rate, at the cost of one forward pass a step.',
  cites: [
    {
      authors: 'B. Liu, Y. Feng, P. Stone and Q. Liu',
      title: 'FAMO: fast adaptive multitask optimization',
      venue: 'NeurIPS',
      year: 2023,
      url: 'https://arxiv.org/abs/2306.03792',
    },
  ],
  options: extend(
    {
      minima: withDefault(
        byTask(number(), 'lower bounds'),
        {},
        'b: what losses cannot fall below. Tasks not named have 0.',
        'paper',
      ),
      learningRate: withDefault(number({ above: 0 }), 0.025, 'Of ξ, for Adam.', 'paper'),
      decay: withDefault(number({ from: 0 }), 1e-3, 'γ: pulls the weights together.', 'LibMTL, TorchJD'),
    },
    planOptions,
  ),
  make: ({ minima, learningRate, decay, scale }) => ({
    leastLoss: (task) => minima[task] ?? 0,
    bind({ tasks }) {
      const logits = hostAdam(new Float64Array(tasks.length), { learningRate });
      const least = numbersByTask(tasks, minima, 0, 'minima');
      return {
        async step({ gradient, apply, losses, active }) {
          const z = softmax(logits.values);
          const found = await gradient({ scalarize, scale, feeds: { z: hostTensor(z), least: hostTensor(least) } });
          await apply(found.gradient);
          const after = await losses();
          const logOf = (loss: number | undefined, k: number) =>
            Math.log((loss as number) - (least[k] as number) + epsilon);
          const falls = tasks.map((_, k) => logOf(found.losses[k], k) - logOf(after[k], k));
          const present = active();
          const total = present.reduce((sum, k) => sum + (z[k] as number), 0);
          const shares = z.map((share) => share / total);
          const mean = present.reduce((sum, k) => sum + (shares[k] as number) * (falls[k] as number), 0);
          const slopes = falls.map(
            (fall, k) => (shares[k] as number) * (fall - mean) + decay * (logits.values[k] as number),
          );
          logits.step(slopes, present);
          return { ...found, logged: Object.fromEntries(tasks.map((task, k) => [`z/${task}`, z[k] as number])) };
        },
        saveState: logits.saveState,
        loadState: logits.loadState,
        reset: logits.reset,
      };
    },
  }),
});

/** c Σ z log(L − b + ε). */
const scalarize: Scalarization<'z' | 'least'> = (losses, active, { z, least }) => {
  const shares = tf.mul(z, active);
  // Far from 0 for absent tasks.
  const room = tf.where(tf.greater(active, 0.5), tf.add(tf.sub(losses, least), epsilon), 1);
  const c = tf.div(1, tf.sum(tf.div(shares, room)));
  return tf.mul(stopGradient(c), tf.sum(tf.mul(shares, tf.log(room))));
};
