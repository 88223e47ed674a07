import {
  type BuildScope,
  buildHeads,
  type ColumnStage,
  choice,
  describePart,
  number,
  type OptionsOf,
  unstack,
  withDefault,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { type MixingWeights, mixingWeights } from './mixing-weights.js';
import { sameShapes } from './same-shapes.js';
import { buildMixedColumns, columnOptions } from './task-columns.js';

const options = {
  ...columnOptions,
  units: withDefault(
    choice('channel', 'scalar'),
    'channel',
    'Whether each channel (the last axis of the features) is mixed by weights of its own, or all of a stage alike.',
    'S. Vandenhende et al., "Multi-task learning for dense prediction tasks: a survey", 2021',
  ),
  own: withDefault(
    number({ from: 0, to: 1 }),
    0.9,
    "A task's share in its own features at first; the others share the rest.",
    'paper, section 5.1',
  ),
  learningRate: withDefault(
    number({ above: 0 }),
    0.1,
    'Of the mixing weights, instead of the rate of the optimizer.',
    'paper, section 5.1: 100 to 1000 times that of the network',
  ),
};

/** Options of {@link crossStitch}. */
export type CrossStitchOptions = OptionsOf<typeof options>;

/**
 * Cross-stitch networks: a network per task, whose features are mixed after every stage by weights that learn how much
 * to share.
 *
 * $$ \tilde h_{i,c}^{s} = \sum_{j=1}^{K} \alpha_{ij,c}^{s}\, h_{j,c}^{s} $$
 *
 * where
 * - h_j are the features of task j's network after stage s, `[rows, ..., channels]`;
 * - α `[K, K, channels]` (or `[K, K]` with `units: 'scalar'`) are at `units/<stage>`; at first `own` for j = i, and (1
 *   − own) / (K − 1) otherwise. A matrix of the identity leaves networks apart, one of equal entries shares everything.
 *
 * `trainer.inspect` gives α as `intermediates['units/<stage>/<task>']`, `[channels, K]` or `[K]`.
 *
 * @remarks Every weight reaches every task, so all of the model is shared. The mixing weights have a learning rate of
 * their own, since their gradients are small beside the rest; it goes through the run's schedule. All tasks read the
 * same rows. With K = 1 nothing is mixed.
 * @throws `POLYTASK_SHAPE_MISMATCH` where the tasks' networks give features of different shapes, or read different
 * rows.
 * @example
 * ```ts
 * import { createTrainer, mlp, regression } from '@polytask/core';
 * import { crossStitch } from '@polytask/soft-sharing';
 *
 * const inputs = { x: { shape: [3], dtype: 'float32' } } as const;
 * const sharing = crossStitch({ encoder: mlp([8]) });
 * const trainer = await createTrainer({ tasks: [regression('a'), regression('b')], sharing, inputs });
 * console.log(trainer.parameters?.layout.segments.filter(({ path }) => path.startsWith('units')).map(({ shape }) => shape));
 * // => [ [ 2, 2, 8 ] ]
 * trainer.dispose();
 * ```
 */
export const crossStitch = /* @__PURE__ */ describePart('sharing', {
  name: 'cross-stitch',
  summary: 'A network per task; weights that learn mix their features after every stage.',
  cites: [
    {
      authors: 'I. Misra, A. Shrivastava, A. Gupta and M. Hebert',
      title: 'Cross-stitch networks for multi-task learning',
      venue: 'CVPR',
      year: 2016,
      url: 'https://arxiv.org/abs/1604.03539',
    },
  ],
  options,
  make: ({ encoder, head, units, own, learningRate }) => ({
    bind({ tasks, inputs, scope }) {
      const place = scope.child('units', { group: 'mixing', learningRate });
      const weights = mixingWeights(tasks.map(({ name }) => name));
      const columns = buildMixedColumns(
        scope,
        tasks,
        inputs,
        encoder,
        tasks.length === 1 ? undefined : (stage) => stitch(place, stage, units === 'channel', own, weights),
      );
      const heads = buildHeads(scope, tasks, columns.outputs, head);
      return {
        relations: weights.relations(),
        forward: (x, step) => heads.apply(columns.apply(x, step), step, { intermediates: weights.of(step) }),
      };
    },
  }),
});

/** The unit after a stage: one product of matrices for `scalar`, one for each channel, all at once, for `channel`. */
function stitch(place: BuildScope, stage: ColumnStage, byChannel: boolean, own: number, weights: MixingWeights) {
  const { name, outputs } = stage;
  const k = outputs.length;
  const { channels: all } = sameShapes(stage);
  const channels = byChannel ? all : 1;
  const alpha = place.variable(name, byChannel ? [k, k, channels] : [k, k], () =>
    Float32Array.from({ length: k * k * channels }, (_, at) => {
      const pair = Math.floor(at / channels);
      return pair % (k + 1) === 0 ? own : (1 - own) / (k - 1);
    }),
  );
  weights.add(name, (task) => {
    const row = tf.squeeze(tf.slice(alpha, task, 1), [0]);
    return byChannel ? tf.transpose(row) : row;
  });
  return (features: readonly tf.Tensor[]) => {
    const stacked = tf.stack([...features]);
    // Products of weights and features one by one would be K² times as many numbers as a task has.
    const mixed = byChannel
      ? tf.transpose(
          tf.matMul(
            tf.transpose(alpha, [2, 0, 1]) as tf.Tensor3D,
            tf.transpose(tf.reshape(stacked, [k, -1, channels]), [2, 0, 1]) as tf.Tensor3D,
          ),
          [1, 2, 0],
        )
      : tf.matMul(alpha as tf.Tensor2D, tf.reshape(stacked, [k, -1]) as tf.Tensor2D);
    return unstack(tf.reshape(mixed, stacked.shape));
  };
}
