import {
  type BuildScope,
  type BuiltStage,
  type BuiltStages,
  buildHead,
  buildStages,
  defineSharing,
  type Encoder,
  type NamedTensors,
  type SharingStrategy,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';

/** Σ_{i<j} ‖W_i − W_j‖² over layers of the same place, Duong et al. 2015. */
function distance(columns: readonly BuildScope[]): tf.Tensor {
  const variables = columns.map((column) => column.variables().filter(({ trainable }) => trainable));
  const terms: tf.Tensor[] = [];
  variables.forEach((own, i) => {
    for (const other of variables.slice(i + 1)) {
      for (const { name, variable } of own) {
        const match = other.find((one) => one.name === name);
        if (match !== undefined) terms.push(tf.sum(tf.square(tf.sub(variable, match.variable))));
      }
    }
  });
  return tf.addN(terms);
}

/** Misra et al. 2016: a column per task, mixed after every stage by a K×K matrix that learns at a rate of its own. */
export function columns(encoder: Encoder, { penalty = 0, mix = true, mixingRate = 0.1 } = {}): SharingStrategy {
  return defineSharing({
    name: 'columns',
    options: { penalty, mix, mixingRate },
    bind({ tasks, inputs, scope }) {
      // Mixed columns reach every task; unmixed ones only their own.
      const scopes = tasks.map(({ name }) => scope.child('columns').child(name, { usedBy: mix ? undefined : [name] }));
      const stages = encoder.stages(inputs);
      const built = scopes.map((column) => buildStages(stages, column, inputs));
      const units = scope.child('units', { group: 'mixing', learningRate: mixingRate });
      const k = tasks.length;
      const matrices = (mix ? stages : []).map(({ name }) =>
        units.variable(name, [k, k], () =>
          Float32Array.from({ length: k * k }, (_, i) => (i % (k + 1) === 0 ? 0.9 : 0.1 / (k - 1))),
        ),
      );
      const heads = tasks.map((task, i) =>
        buildHead(
          scope.child('heads').child(task.name, { usedBy: [task.name] }),
          task,
          (built[i] as BuiltStages).output,
        ),
      );
      return {
        forward(x, step) {
          let current: NamedTensors[] = tasks.map(() => x);
          stages.forEach((_, s) => {
            const features = built.map(({ stages: own }, i) => (own[s] as BuiltStage).apply(current[i] ?? x, step));
            const stacked = tf.stack(features);
            const mixed = mix
              ? tf.unstack(
                  tf.reshape(tf.matMul(matrices[s] as tf.Tensor2D, tf.reshape(stacked, [k, -1])), stacked.shape),
                )
              : features;
            current = mixed.map((one) => ({ features: one }));
          });
          const applied = heads.map(
            (head, i) => [tasks[i]?.name ?? '', head.apply(current[i]?.features as tf.Tensor, step)] as const,
          );
          return {
            outputs: Object.fromEntries(applied.map(([name, { outputs }]) => [name, outputs])),
            features: Object.fromEntries(applied.map(([name, { features }]) => [name, features])),
            intermediates: {},
          };
        },
        auxiliary: penalty === 0 ? [] : [{ name: 'distance', weight: penalty, loss: () => distance(scopes) }],
      };
    },
  });
}
