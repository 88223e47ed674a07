import {
  type AnyTask,
  defineSharing,
  defineTask,
  meanAbsoluteError,
  type SharingStrategy,
  type TableDataset,
  tableDataset,
  zerosInitializer,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';

/** A problem whose shared Jacobian and losses are known: L_k = a_k · θ + φ_k, with θ = 0 and φ given at the start. */
export interface LinearProblem {
  readonly tasks: readonly AnyTask[];
  readonly sharing: SharingStrategy;
  /** One batch of two rows, every task labelled. */
  readonly data: TableDataset;
}

/** The Jacobian of the golden values: the one that TorchJD and others use in their own tests. */
export const goldenJacobian = [
  [-4, 1, 1],
  [6, 1, 1],
];

/**
 * θ lies in layers `shared/<i>` of the given widths, φ_k in `heads/<task>/loss`. Tasks are named `a`, `b`, ...
 *
 * @param jacobian - rows a_k.
 * @param losses - φ_k at the start.
 * @param widths - of the layers that θ is cut into; default one layer.
 */
export function linearProblem(
  jacobian: readonly (readonly number[])[],
  losses: readonly number[],
  widths: readonly number[] = [jacobian[0]?.length ?? 0],
): LinearProblem {
  const names = jacobian.map((_, k) => String.fromCharCode(97 + k));
  const sharing = defineSharing({
    name: 'linear',
    bind({ scope }) {
      const theta = widths.map((width, i) =>
        scope.child('shared').child(`${i}`).variable('theta', [width], zerosInitializer),
      );
      const heads = names.map((name, k) =>
        scope
          .child('heads')
          .child(name, { usedBy: [name] })
          .variable('loss', [], () => Float32Array.of(losses[k] as number)),
      );
      return {
        forward({ x }) {
          const all = tf.concat(theta);
          const rows = (x as tf.Tensor).shape[0] as number;
          const values = names.map((_, k) => {
            const value = tf.add(
              tf.sum(tf.mul(all, tf.tensor1d([...(jacobian[k] as number[])]))),
              heads[k] as tf.Tensor,
            );
            return tf.tile(tf.reshape(value, [1, 1]), [rows, 1]);
          });
          const byTask = Object.fromEntries(names.map((name, k) => [name, values[k] as tf.Tensor]));
          return {
            outputs: Object.fromEntries(Object.entries(byTask).map(([name, value]) => [name, { value }])),
            features: byTask,
            intermediates: {},
          };
        },
      };
    },
  });
  return {
    tasks: names.map((name) => outputIsLoss(name)),
    sharing,
    data: tableDataset({
      inputs: { x: { data: new Float32Array(2), shape: [2, 1] } },
      columns: Object.fromEntries(names.map((name) => [name, new Float32Array(2)])),
    }),
  };
}

/** A task whose loss is what its head puts out. */
function outputIsLoss(name: string): AnyTask {
  return defineTask({
    name,
    type: 'output',
    target: { shape: [], dtype: 'float32' },
    outputs: { value: [1] },
    loss: ({ value }) => tf.reshape(value as tf.Tensor, [-1]) as tf.Tensor1D,
    predict: ({ value }) => value as tf.Tensor,
    decode: ({ data }) => Array.from(data),
    metrics: [meanAbsoluteError()],
    primaryMetric: 'mae',
  });
}
