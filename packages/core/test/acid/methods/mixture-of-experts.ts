import {
  buildDense,
  buildEncoder,
  buildHead,
  defineSharing,
  type Encoder,
  hostTensor,
  type InputSpec,
  type NamedTensors,
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
      const built = experts.map(({ name, usedBy }) => {
        const place = scope.child('experts').child(name, { usedBy });
        return { name, usedBy: place.usedBy, stages: buildEncoder(encoder, place, inputs) };
      });
      const perTask = tasks.map((task) => {
        const own = { usedBy: [task.name] };
        const mine = built.filter(({ usedBy }) => usedBy.includes(task.name));
        const [first] = mine;
        if (first === undefined) throw new Error(`task ${task.name} has no expert`);
        return {
          name: task.name,
          mine,
          gate: buildDense(scope.child('gates').child(task.name, own), inputs.x as InputSpec, mine.length),
          head: buildHead(scope.child('heads').child(task.name, own), task, first.stages.output),
        };
      });
      return {
        feeds: ({ step }) => ({ temperature: hostTensor(temperature(step)) }),
        forward(x, step, feeds) {
          const values = new Map(built.map(({ name, stages }) => [name, stages.apply(x, step)]));
          const outputs: Record<string, NamedTensors> = {};
          const features: Record<string, tf.Tensor> = {};
          const gates: Record<string, tf.Tensor> = {};
          for (const { name, mine, gate, head } of perTask) {
            const logits = gate.apply(x.x as tf.Tensor, step);
            const shares = tf.softmax(feeds.temperature === undefined ? logits : tf.div(logits, feeds.temperature));
            const stacked = tf.stack(
              mine.map((expert) => values.get(expert.name) as tf.Tensor),
              1,
            );
            const mixed = tf.sum(tf.mul(stacked, tf.expandDims(shares, 2)), 1);
            const given = head.apply(mixed, step);
            outputs[name] = given.outputs;
            features[name] = given.features;
            gates[`gates/${name}`] = shares;
          }
          return { outputs, features, intermediates: gates };
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
