import { defineGradientBalancing, type GradientBalancing } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';

/** Chen et al. 2020: per coordinate keep either the positive or the negative gradients, with P = ½ (1 + Σg / Σ|g|). */
export function gradDrop({ gradientsOf = 'shared' as 'shared' | 'representation' } = {}): GradientBalancing {
  return defineGradientBalancing({
    name: 'grad-drop',
    options: { gradientsOf },
    gradientsOf,
    bind: () => ({
      aggregate({ jacobian, uniform }) {
        const sizes = tf.sum(tf.abs(jacobian), 0);
        const purity = tf.mul(tf.add(tf.divNoNan(tf.sum(jacobian, 0), sizes), 1), 0.5);
        const drawn = uniform('keep', [jacobian.shape[1]]);
        const kept = tf.where(tf.greater(purity, drawn), tf.relu(jacobian), tf.neg(tf.relu(tf.neg(jacobian))));
        return { direction: tf.sum(kept, 0) };
      },
    }),
  });
}
