import {
  type BuildScope,
  mapping,
  number,
  optional,
  stopGradient,
  type Taken,
  withDefault,
  zerosInitializer,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';

const multipliers = mapping(
  {
    penalty: withDefault(number({ above: 0 }), 1, 'Factor ρ of the squared cost.'),
    rate: withDefault(
      number({ above: 0 }),
      0.01,
      'How far λ moves per step for each unit of cost above the tolerance.',
    ),
    tolerance: withDefault(number({ from: 0 }), 0, 'The mean cost that the constraint may have.'),
    most: withDefault(number({ above: 0 }), 100, 'The largest λ.'),
  },
  'settings of an augmented Lagrangian: penalty, rate, tolerance, most',
);

/** The option of constraints that are to be kept, and not only wished for. */
export const multipliersOption = optional(
  multipliers,
  'Augmented Lagrangian: the weight of the constraint is a multiplier λ, which rises while the mean cost is above the tolerance and ' +
    'falls while it is below; {} for all defaults.',
  'none: the mean cost is a penalty',
);

/** λ of one constraint. */
export interface Multiplier {
  /**
   * The term of a mean cost in a step, and λ before the step, which then moves.
   *
   * @param present Whether there are rows that the cost is a mean over.
   */
  apply(cost: tf.Scalar, present: tf.Tensor): { readonly term: tf.Tensor; readonly value: tf.Tensor };
}

/**
 * The multiplier of an inequality E[cost] ≤ τ:
 *
 * $$ \psi = \frac{\max(0, \lambda + \rho (c - \tau))^2 - \lambda^2}{2 \rho}, \qquad
 * \lambda \leftarrow \min(\max(0, \lambda + \eta (c - \tau)), \lambda_{\max}) $$
 *
 * It lies among the variables that no gradient moves, as averages of BatchNorm do: it moves once per step, and is saved.
 */
export function createMultiplier(scope: BuildScope, options: Taken<typeof multipliers>): Multiplier {
  const { penalty = 1, rate = 0.01, tolerance = 0, most = 100 } = options;
  const variable = scope.variable('multiplier', [], zerosInitializer, { trainable: false });
  return {
    apply(cost, present) {
      const value = stopGradient(variable as tf.Tensor);
      const over = tf.sub(cost, tolerance);
      const push = tf.relu(tf.add(value, tf.mul(over, penalty)));
      const term = tf.div(tf.sub(tf.square(push), tf.square(value)), 2 * penalty);
      const moved = tf.clipByValue(tf.add(value, tf.mul(stopGradient(over), rate)), 0, most);
      variable.assign(tf.where(present, moved, value));
      return { term: tf.where(present, term, tf.zerosLike(term)), value };
    },
  };
}
