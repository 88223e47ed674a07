import * as tf from '@tensorflow/tfjs';
import { defineSharing, type SharingStrategy } from '../contracts/sharing.js';
import { type AnyTask, defineTask } from '../contracts/task.js';
import type { TableDataset } from '../data/indexed-dataset.js';
import { tableDataset } from '../data/table-dataset.js';
import { requireOption } from '../errors/invalid-option-error.js';
import { zeros } from '../layers/initializers.js';
import { meanAbsoluteError } from '../metrics/mean-absolute-error.js';

/** What goes into `createTrainer`, and what `fit` trains on. */
export interface LinearProblem {
  readonly tasks: readonly AnyTask[];
  readonly sharing: SharingStrategy;
  /** One batch of two rows, every task labelled. */
  readonly data: TableDataset;
}

/** Options of {@link linearProblem}. */
export interface LinearProblemOptions {
  /** Widths of the layers that θ is cut into. Default one layer. */
  readonly widths?: readonly number[] | undefined;
  /** Factor of all losses, and so of all gradients. Default 1. */
  readonly times?: number | undefined;
  /** In which order tasks are declared, by their rows. Default as they come. */
  readonly order?: readonly number[] | undefined;
}

/**
 * A problem whose losses and gradients are known in every step, to try balancings on:
 *
 * $$ L_k = s\,(a_k \cdot \theta + \varphi_k) $$
 *
 * where θ `[P]` is shared, 0 at first, in layers `shared/<i>`; φ_k, the loss at first, is task k's own, at `heads/<task>/loss`; and
 * $s\, a_k$ is the task's gradient by θ wherever θ is. Tasks are named `a`, `b`, and so on.
 *
 * @param jacobian Rows a_k.
 * @param losses φ_k at first.
 * @throws `POLYTASK_INVALID_OPTION` for rows of different lengths, another number of losses than rows, and widths that do not add up to a row.
 * @example
 * ```ts
 * import { createTrainer, sgd } from '@polytask/core';
 * import { linearProblem } from '@polytask/core/testing';
 *
 * const { data, ...problem } = linearProblem([[3, 0], [0, 4]], [2, 5]);
 * const trainer = await createTrainer({ ...problem, optimizer: sgd({ learningRate: 0.1 }) });
 * await trainer.fit(data, { epochs: 1, batchSize: 2 });
 * const theta = await trainer.parameters?.read('shared/0/theta');
 * console.log(Array.from(theta?.data ?? [], (value) => value.toFixed(1))); // => [ '-0.3', '-0.4' ]
 * trainer.dispose();
 * ```
 */
export function linearProblem(
  jacobian: readonly (readonly number[])[],
  losses: readonly number[],
  options: LinearProblemOptions = {},
): LinearProblem {
  const { widths = [jacobian[0]?.length ?? 0], times = 1, order = [...jacobian.keys()] } = options;
  const length = widths.reduce((sum, width) => sum + width, 0);
  const even = jacobian.length > 0 && jacobian.every((row) => row.length === length);
  requireOption(even, 'jacobian', `rows of ${length} numbers, one for each of θ, at least one row`, jacobian);
  requireOption(losses.length === jacobian.length, 'losses', `${jacobian.length} numbers, one for each row`, losses);
  const names = jacobian.map((_, k) => String.fromCharCode(97 + k));
  return {
    tasks: order.map((k) => outputIsLoss(names[k] as string, times)),
    sharing: linear(jacobian, losses, names, widths),
    data: tableDataset({
      inputs: { x: { data: new Float32Array(2), shape: [2, 1] } },
      columns: Object.fromEntries(names.map((name) => [name, new Float32Array(2)])),
    }),
  };
}

/** θ is the shared representation of every row. */
function linear(
  jacobian: readonly (readonly number[])[],
  losses: readonly number[],
  names: readonly string[],
  widths: readonly number[],
): SharingStrategy {
  return defineSharing({
    name: 'linear',
    bind({ scope }) {
      const theta = widths.map((width, i) => scope.child('shared').child(`${i}`).variable('theta', [width], zeros));
      const heads = names.map((name, k) =>
        scope
          .child('heads')
          .child(name, { usedBy: [name] })
          .variable('loss', [], () => Float32Array.of(losses[k] as number)),
      );
      return {
        forward({ x }) {
          const rows = (x as tf.Tensor).shape[0] as number;
          const shared = tf.mul(tf.ones([rows, 1]), tf.expandDims(tf.concat(theta), 0));
          const features = Object.fromEntries(
            names.map((name, k) => {
              const slopes = tf.tensor2d([...(jacobian[k] as number[])], [shared.shape[1] as number, 1]);
              return [name, tf.add(tf.matMul(shared as tf.Tensor2D, slopes), heads[k] as tf.Tensor)];
            }),
          );
          const outputs = Object.fromEntries(Object.entries(features).map(([name, value]) => [name, { value }]));
          return { outputs, features, intermediates: {}, shared };
        },
      };
    },
  });
}

/** A task whose loss is what its head puts out, times a number. */
function outputIsLoss(name: string, times: number): AnyTask {
  return defineTask({
    name,
    type: 'output',
    target: { shape: [], dtype: 'float32' },
    outputs: { value: [1] },
    loss: ({ value }) => tf.mul(times, tf.reshape(value as tf.Tensor, [-1])) as tf.Tensor1D,
    predict: ({ value }) => value as tf.Tensor,
    decode: ({ data }) => Array.from(data),
    metrics: [meanAbsoluteError()],
    primaryMetric: 'mae',
  });
}
