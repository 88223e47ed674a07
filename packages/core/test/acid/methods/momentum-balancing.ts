import { defineGradientBalancing, type GradientBalancing, hostTensor } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';

const norms = (rows: tf.Tensor2D) => tf.sqrt(tf.sum(tf.square(rows), 1, true));

/** DB-MTL, Lin et al. 2023: B_i ← β B_i + (1−β) ∇log l_i, d = Σ α_i B_i with α_i = max_k ‖B_k‖ / ‖B_i‖. */
export function dbMtl({ beta = 0.9 } = {}): GradientBalancing {
  return defineGradientBalancing({
    name: 'db-mtl',
    options: { beta },
    bind: () => ({
      state: ({ tasks, columns }) => ({ momentum: [tasks, columns] }),
      aggregate({ jacobian, losses, active, state }) {
        const before = state.momentum as tf.Tensor2D;
        const ofLogs = tf.div(jacobian, tf.expandDims(tf.add(losses, 1e-8), 1));
        const moved = tf.add(tf.mul(before, beta), tf.mul(ofLogs, 1 - beta));
        // An absent task keeps its momentum and has no say.
        const there = tf.expandDims(tf.greater(active, 0.5), 1);
        const momentum = tf.where(there, moved, before);
        const sizes = norms(momentum as tf.Tensor2D);
        const largest = tf.max(tf.mul(sizes, tf.cast(there, 'float32')));
        const alpha = tf.where(there, tf.divNoNan(largest, sizes), 0);
        return {
          direction: tf.sum(tf.mul(alpha, momentum), 0),
          state: { momentum },
          weights: tf.reshape(alpha, [-1]),
        };
      },
    }),
  });
}

/** MoCo, Fernando et al. 2023, in the form whose golden values were computed with LibMTL: softmax instead of a projection. */
export function moco({ beta = 0.5, gamma = 0.1, decay = 0.5 } = {}): GradientBalancing {
  return defineGradientBalancing({
    name: 'moco',
    options: { beta, gamma, decay },
    bind: () => ({
      state: ({ tasks, columns }) => ({
        tracked: [tasks, columns],
        lambda: hostTensor(new Array(tasks).fill(1 / tasks)),
      }),
      feeds: ({ step }) => ({
        beta: hostTensor(beta / (step + 1) ** decay),
        gamma: hostTensor(gamma / (step + 1) ** decay),
      }),
      aggregate({ jacobian, losses, active, state, feeds }) {
        const scaled = tf.mul(tf.divNoNan(jacobian, norms(jacobian)), tf.expandDims(losses, 1));
        const before = state.tracked as tf.Tensor2D;
        const tracked = tf.add(before, tf.mul(tf.sub(scaled, before), feeds.beta as tf.Tensor)) as tf.Tensor2D;
        const lambda = tf.reshape(state.lambda as tf.Tensor, [-1, 1]) as tf.Tensor2D;
        const pull = tf.matMul(tracked, tf.matMul(tracked, lambda, true, false));
        const next = tf.softmax(
          tf.reshape(tf.sub(lambda, tf.mul(pull, feeds.gamma as tf.Tensor)), [-1]),
        ) as tf.Tensor1D;
        // An absent task has no say.
        const weights = tf.mul(next, active) as tf.Tensor1D;
        const direction = tf.reshape(tf.matMul(tf.expandDims(weights, 0) as tf.Tensor2D, tracked), [-1]);
        return { direction, state: { tracked, lambda: next }, weights };
      },
    }),
  });
}
