import {
  buildColumns,
  buildDense,
  buildHeads,
  defineSharing,
  type Encoder,
  hostTensor,
  type InputSpec,
  type SharingStrategy,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';

/** One expert; without `usedBy`, of all tasks. */
export interface Expert {
  readonly name: string;
  readonly usedBy?: readonly string[];
}

/** Experts that all or some tasks use, a private softmax gate per task over its experts, and a term that keeps gates from collapsing. */
export function mixtureOfExperts(
  encoder: Encoder,
  experts: readonly Expert[],
  options: { balance?: number; temperature?: (step: number) => number } = {},
): SharingStrategy {
  const { balance = 0.1, temperature = () => 1 } = options;
  return defineSharing({
    name: 'mixture',
    options: { experts, balance },
    bind({ tasks, inputs, scope }) {
      const built = buildColumns(
        scope.child('experts'),
        experts.map((expert) => ({ ...expert, encoder, inputs })),
      );
      const gates = tasks.map(({ name }) => {
        const mine = experts.filter(({ usedBy }) => usedBy?.includes(name) ?? true).map((expert) => expert.name);
        if (mine.length === 0) throw new Error(`task ${name} has no expert`);
        const place = scope.child('gates').child(name, { usedBy: [name] });
        return { name, mine, gate: buildDense(place, inputs.x as InputSpec, mine.length) };
      });
      const heads = buildHeads(scope, tasks, Object.values(built.outputs)[0] as InputSpec);
      return {
        feeds: ({ step }) => ({ temperature: hostTensor(temperature(step)) }),
        forward(x, step, feeds) {
          const values = built.apply(x, step);
          const features: Record<string, tf.Tensor> = {};
          const intermediates: Record<string, tf.Tensor> = {};
          for (const { name, mine, gate } of gates) {
            const logits = gate.apply(x.x as tf.Tensor, step);
            const shares = tf.softmax(feeds.temperature === undefined ? logits : tf.div(logits, feeds.temperature));
            const stacked = tf.stack(
              mine.map((expert) => values[expert] as tf.Tensor),
              1,
            );
            features[name] = tf.sum(tf.mul(stacked, tf.expandDims(shares, 2)), 1);
            intermediates[`gates/${name}`] = shares;
          }
          return heads.apply(features, step, { intermediates });
        },
        auxiliary: [
          {
            name: 'load-balance',
            weight: balance,
            // Per task: experts · Σ (mean share)², 1 where all are used alike.
            loss({ state }) {
              const terms = Object.values(state.intermediates).map((shares) =>
                tf.mul(tf.sum(tf.square(tf.mean(shares, 0))), shares.shape[1] as number),
              );
              return tf.sub(tf.mean(tf.stack(terms)), 1);
            },
          },
        ],
      };
    },
  });
}
