import * as tf from '@tensorflow/tfjs';
import { defineOptimizer, type Optimizer, type UpdateInput } from '../contracts/optimizer.js';
import { requireOption } from '../errors/invalid-option-error.js';
import { commonOptions, type OptimizerOptions, requireFraction } from './optimizer-options.js';

/** Options of {@link adam}. */
export interface AdamOptions extends OptimizerOptions {
  /** Decay of the first moment, default 0.9 (paper). */
  readonly beta1?: number;
  /** Decay of the second moment, default 0.999 (paper). */
  readonly beta2?: number;
  /** Added to the root of the second moment, default 1e-8 (paper; tfjs' own Adam has 1e-7). */
  readonly epsilon?: number;
}

/**
 * Adam.
 *
 * $$ m \leftarrow \beta_1 m + (1-\beta_1) g, \quad v \leftarrow \beta_2 v + (1-\beta_2) g^2, \quad
 *    \theta \leftarrow \theta - \eta\,\frac{m/(1-\beta_1^t)}{\sqrt{v/(1-\beta_2^t)} + \epsilon} $$
 *
 * t counts the updates of each range of parameters: a head whose task was absent has had fewer. What is kept, and saved in
 * checkpoints, is m / (1 − β₁) and v / (1 − β₂).
 *
 * @param options - `learningRate` η default 1e-3 (paper), `beta1`, `beta2`, `epsilon`.
 * @throws `POLYTASK_INVALID_OPTION`
 * @see D. P. Kingma and J. Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015, https://arxiv.org/abs/1412.6980
 * @example
 * ```ts
 * import { adam } from '@polytask/core';
 *
 * console.log(adam().learningRate); // => 0.001
 * ```
 */
export function adam(options: AdamOptions = {}): Optimizer {
  return adamLike('adam', options, 0);
}

/** Adam and AdamW: the same moments; `decay` is subtracted from the parameters themselves. */
export function adamLike(name: string, options: AdamOptions, decay: number): Optimizer {
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, ...rest } = options;
  requireFraction('beta1', beta1);
  requireFraction('beta2', beta2);
  requireOption(epsilon > 0, 'epsilon', 'a positive number', epsilon);
  const common = commonOptions(rest, 1e-3, decay);
  const decays = decay > 0 || Object.values(common.groups).some((group) => (group.decay ?? 0) > 0);
  return defineOptimizer({
    name,
    ...common,
    options: { ...common.options, beta1, beta2, epsilon, ...(decay > 0 ? { decay } : {}) },
    slots: ['first', 'second'],
    // Corrections of the bias as at the end of the paper's section 2, here with those of the moments' scale: the numbers of one
    // update instead of passes over all parameters.
    factors(count) {
      const root = Math.sqrt((1 - beta2 ** count) / (1 - beta2));
      return { correction: (root * (1 - beta1)) / (1 - beta1 ** count), epsilon: epsilon * root };
    },
    update({ values, gradient, slots, factors }: UpdateInput) {
      const { learningRate, correction, epsilon: scaled } = factors as Record<string, tf.Tensor>;
      const first = tf.add(tf.mul(slots.first as tf.Tensor, beta1), gradient);
      const second = tf.add(tf.mul(slots.second as tf.Tensor, beta2), tf.square(gradient));
      const rate = tf.mul(learningRate as tf.Tensor, correction as tf.Tensor);
      const direction = tf.div(first, tf.add(tf.sqrt(second), scaled as tf.Tensor));
      const start = decays
        ? tf.mul(values, tf.sub(1, tf.mul(learningRate as tf.Tensor, factors.decay as tf.Tensor)))
        : values;
      return { values: tf.sub(start, tf.mul(direction, rate)), slots: { first, second } };
    },
  });
}
