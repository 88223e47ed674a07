import {
  type BuildScope,
  buildActivation,
  buildBatchNorm,
  buildDense,
  buildHeads,
  type ColumnStage,
  chainLayers,
  describePart,
  flag,
  number,
  type OptionsOf,
  withDefault,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { type MixingWeights, mixingWeights } from './mixing-weights.js';
import { sameShapes } from './same-shapes.js';
import { buildMixedColumns, columnOptions } from './task-columns.js';

const options = {
  ...columnOptions,
  own: withDefault(
    number({ from: 0, to: 1 }),
    0.9,
    "A task's share in its own features at first; the others share the rest.",
    'paper: 0.9 and 0.1',
  ),
  batchNorm: withDefault(flag(), true, 'Whether fused features are normalised.', 'paper'),
  relu: withDefault(flag(), true, 'Whether negative fused features become 0.', 'paper'),
  learningRate: withDefault(
    number({ above: 0 }),
    0.1,
    'Of the fusing layers, instead of the rate of the optimizer.',
    'paper: higher than that of the network; the number is that of cross-stitch units',
  ),
};

/** Options of {@link nddr}. */
export type NddrOptions = OptionsOf<typeof options>;

/**
 * NDDR, "neural discriminative dimensionality reduction": a network per task; after every stage each task's features
 * are made of those of all tasks by a linear layer of its own.
 *
 * $$ \tilde h_t^{s} = \operatorname{relu}\Big(\operatorname{BN}\big([h_1^{s}; \dots; h_K^{s}]\, W_t^{s}\big)\Big) $$
 *
 * where
 * - h_j are the features of task j's network after stage s, `[rows, ..., C]`, put side by side along their channels;
 * - W_t `[K · C, C]` is at `units/<stage>/<task>/kernel`, a 1×1 convolution where features are maps; at first own · I
 *   for the task's own features and (1 − own) / (K − 1) · I for the others.
 *
 * Shapes: inputs `[rows, ...]` → features `[rows, ..., C]` per task and stage → outputs as each task declares them.
 *
 * @remarks Cross-stitch units are the case of diagonal blocks. A unit has K · C² weights per task and stage: K² · C² in
 * all. All tasks read the same rows. With K = 1 nothing is fused, normalised or cut off.
 * @throws `POLYTASK_SHAPE_MISMATCH` where the tasks' networks give features of different shapes, or read different
 * rows.
 * @example
 * ```ts
 * import { createTrainer, mlp, regression } from '@polytask/core';
 * import { nddr } from '@polytask/soft-sharing';
 *
 * const inputs = { x: { shape: [3], dtype: 'float32' } } as const;
 * const trainer = await createTrainer({ tasks: [regression('a'), regression('b')], sharing: nddr({ encoder: mlp([8]) }), inputs });
 * console.log(trainer.parameters?.layout.segments.find(({ path }) => path === 'units/dense0/a/kernel')?.shape); // => [ 16, 8 ]
 * trainer.dispose();
 * ```
 */
export const nddr = /* @__PURE__ */ describePart('sharing', {
  name: 'nddr',
  summary: "A network per task; after every stage a layer makes each task's features of those of all.",
  cites: [
    {
      authors: 'Y. Gao, J. Ma, M. Zhao, W. Liu and A. L. Yuille',
      title: 'NDDR-CNN: layerwise feature fusing in multi-task CNNs by neural discriminative dimensionality reduction',
      venue: 'CVPR',
      year: 2019,
      url: 'https://arxiv.org/abs/1801.08297',
    },
  ],
  options,
  make: ({ encoder, head, learningRate, ...unit }) => ({
    bind({ tasks, inputs, scope }) {
      const place = scope.child('units', { group: 'mixing', learningRate });
      const names = tasks.map(({ name }) => name);
      const weights = mixingWeights(names);
      const columns = buildMixedColumns(
        scope,
        tasks,
        inputs,
        encoder,
        tasks.length === 1 ? undefined : (stage) => fuse(place.child(stage.name), stage, names, unit, weights),
      );
      const heads = buildHeads(scope, tasks, columns.outputs, head);
      return {
        relations: weights.relations(),
        forward: (x, step) => heads.apply(columns.apply(x, step), step, { intermediates: weights.of(step) }),
      };
    },
  }),
});

interface UnitOptions {
  readonly own: number;
  readonly batchNorm: boolean;
  readonly relu: boolean;
}

function fuse(
  place: BuildScope,
  stage: ColumnStage,
  names: readonly string[],
  { own, batchNorm, relu }: UnitOptions,
  weights: MixingWeights,
) {
  const { shape, channels } = sameShapes(stage);
  const k = names.length;
  const joined = { shape: [...shape.slice(0, -1), k * channels], dtype: 'float32' } as const;
  const units = names.map((name, task) => {
    // What comes after the last stage reaches one head alone.
    const scope = place.child(name, stage.last ? { usedBy: [name] } : {});
    const kernel = () =>
      Float32Array.from({ length: k * channels * channels }, (_, at) => {
        const row = Math.floor(at / channels);
        if (row % channels !== at % channels) return 0;
        return Math.floor(row / channels) === task ? own : (1 - own) / (k - 1);
      });
    return chainLayers(joined, [
      (input) => buildDense(scope, input, channels, { kernel, bias: !batchNorm }),
      batchNorm && ((input) => buildBatchNorm(scope.child('batchNorm'), input)),
      relu && ((input) => buildActivation(input, 'relu')),
    ]);
  });
  weights.add(stage.name, (task) => {
    const kernel = place.variables().find(({ name }) => name === `${names[task]}/kernel`)?.variable as tf.Tensor;
    return tf.transpose(tf.reshape(kernel, [k, -1]));
  });
  return (features: readonly tf.Tensor[], step: Parameters<(typeof units)[number]['apply']>[1]) => {
    const all = tf.concat([...features], -1);
    return units.map((one) => one.apply(all, step));
  };
}
