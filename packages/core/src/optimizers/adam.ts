import * as tf from '@tensorflow/tfjs';
import type { DescriptionInput } from '../contracts/description.js';
import type { Optimizer, UpdateInput } from '../contracts/optimizer.js';
import { describePart } from '../options/describe-part.js';
import { extend, type FilledOptions, type OptionsOf, withDefault } from '../options/option.js';
import { number } from '../options/takes.js';
import { commonOptions, epsilonOption, groupsOf, ratesAndDecays } from './optimizer-options.js';

/** Options that Adam and AdamW have. */
export const adamOptions = extend(commonOptions(1e-3, 'paper'), {
  groups: groupsOf(ratesAndDecays),
  beta1: withDefault(number({ from: 0, below: 1 }), 0.9, 'Decay of the first moment, β₁.', 'paper'),
  beta2: withDefault(number({ from: 0, below: 1 }), 0.999, 'Decay of the second moment, β₂.', 'paper'),
  epsilon: epsilonOption(1e-8, 'paper; tfjs has 1e-7', 'the root of the second moment'),
});

/** Options of {@link adam}. */
export type AdamOptions = OptionsOf<typeof adamOptions>;

/**
 * Adam.
 *
 * $$ m \leftarrow \beta_1 m + (1-\beta_1) g, \quad v \leftarrow \beta_2 v + (1-\beta_2) g^2, \quad
 *    \theta \leftarrow \theta - \eta\,\frac{m/(1-\beta_1^t)}{\sqrt{v/(1-\beta_2^t)} + \epsilon} $$
 *
 * t counts the updates of each range of parameters: a head whose task was absent has had fewer. What is kept, and saved in
 * checkpoints, is m / (1 − β₁) and v / (1 − β₂).
 *
 * @throws `POLYTASK_INVALID_OPTION`
 * @example
 * ```ts
 * import { adam } from '@polytask/core';
 *
 * console.log(adam().learningRate); // => 0.001
 * ```
 */
export const adam = describePart('optimizer', {
  name: 'adam',
  summary: 'Adam.',
  cites: [
    {
      authors: 'D. P. Kingma and J. Ba',
      title: 'Adam: a method for stochastic optimization',
      venue: 'ICLR',
      year: 2015,
      url: 'https://arxiv.org/abs/1412.6980',
      note: "The defaults are the paper's.",
    },
  ],
  options: adamOptions,
  make: (given) => adamLike(given, 0),
});

/** Adam and AdamW: the same moments; `decay` is subtracted from the parameters themselves. */
export function adamLike(
  { beta1, beta2, epsilon, ...given }: FilledOptions<typeof adamOptions>,
  decay: number,
): Omit<DescriptionInput<Optimizer>, 'name' | 'cites' | 'options'> {
  const decays = decay > 0 || Object.values(given.groups).some((group) => (group.decay ?? 0) > 0);
  return {
    ...given,
    decay,
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
  };
}
