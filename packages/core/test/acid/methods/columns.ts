import {
  type BuildScope,
  buildColumns,
  buildHeads,
  defineSharing,
  type Encoder,
  inputsOf,
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
  return terms.length === 0 ? tf.scalar(0) : tf.addN(terms);
}

/** Misra et al. 2016: a column per task, mixed after every stage by a K×K matrix that learns at a rate of its own. */
export function columns(encoder: Encoder, { penalty = 0, mix = true, mixingRate = 0.1 } = {}): SharingStrategy {
  return defineSharing({
    name: 'columns',
    options: { penalty, mix, mixingRate },
    bind({ tasks, inputs, scope }) {
      const k = tasks.length;
      const units = scope.child('units', { group: 'mixing', learningRate: mixingRate });
      const stitch = ({ name }: { name: string }) => {
        const matrix = units.variable(name, [k, k], () =>
          Float32Array.from({ length: k * k }, (_, i) => (i % (k + 1) === 0 ? 0.9 : 0.1 / (k - 1))),
        );
        return (features: readonly tf.Tensor[]) => {
          const stacked = tf.stack([...features]);
          const mixed = tf.matMul(matrix as tf.Tensor2D, tf.reshape(stacked, [k, -1]) as tf.Tensor2D);
          return tf.unstack(tf.reshape(mixed, stacked.shape));
        };
      };
      // Mixed columns reach every task; unmixed ones only their own.
      const built = buildColumns(
        scope.child('columns'),
        tasks.map((task) => ({
          name: task.name,
          encoder,
          inputs: inputsOf(task, inputs),
          usedBy: mix ? undefined : [task.name],
        })),
        // tfjs has no gradient of taking a stack of one apart.
        mix && k > 1 ? stitch : undefined,
      );
      const heads = buildHeads(scope, tasks, built.outputs);
      const terms =
        penalty === 0 ? [] : [{ name: 'distance', weight: penalty, loss: () => distance(Object.values(built.scopes)) }];
      return { forward: (x, step) => heads.apply(built.apply(x, step), step), auxiliary: terms };
    },
  });
}
