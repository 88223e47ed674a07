import {
  type BuildScope,
  buildHeads,
  type ColumnStage,
  describePart,
  flag,
  InvalidOptionError,
  number,
  type OptionsOf,
  whole,
  withDefault,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { type MixingWeights, mixingWeights } from './mixing-weights.js';
import { sameShapes } from './same-shapes.js';
import { buildMixedColumns, columnOptions } from './task-columns.js';

const options = {
  ...columnOptions,
  subspaces: withDefault(
    whole({ from: 1 }),
    2,
    'Into how many parts the channels of each stage fall, which are shared by weights of their own.',
    'paper',
  ),
  own: withDefault(
    number({ from: 0, to: 1 }),
    0.9,
    "A subspace's share in itself at first; the others share the rest.",
    'as cross-stitch units',
  ),
  skips: withDefault(
    flag(),
    true,
    'Whether a head sees a mixture of all stages that are as wide as the last, instead of the last alone.',
    'paper',
  ),
  last: withDefault(number({ from: 0, to: 1 }), 0.9, 'Share of the last stage in that mixture at first.'),
  orthogonality: withDefault(
    number({ from: 0 }),
    0.1,
    'Weight of the penalty that keeps subspaces of a layer apart.',
    "the authors' example",
  ),
  learningRate: withDefault(
    number({ above: 0 }),
    0.1,
    'Of the mixing weights, instead of the rate of the optimizer.',
    'Misra et al. 2016, for cross-stitch units',
  ),
};

/** Options of {@link sluice}. */
export type SluiceOptions = OptionsOf<typeof options>;

/**
 * Sluice networks: a network per task, whose features fall into subspaces; weights that learn say how much of each
 * subspace goes to which other, and which stages a head sees.
 *
 * $$ \tilde h_{t,a}^{s} = \sum_{u=1}^{K} \sum_{b=1}^{S} \alpha_{(t,a),(u,b)}^{s}\, h_{u,b}^{s}, \qquad
 * z_t = \sum_{s} \beta_{t}^{s}\, \tilde h_t^{s}, \qquad
 * \Omega = \sum_{t, s} \sum_{a<b} \lVert (G_{t,a}^{s})^\top G_{t,b}^{s} \rVert_F^2 $$
 *
 * where
 * - h_{u,b} `[rows, ..., C / S]` is subspace b of task u's features after stage s: neighbouring channels;
 * - α `[K · S, K · S]` is at `units/<stage>`; at first `own` on the diagonal, (1 − own) / (K · S − 1) elsewhere;
 * - β `[stages as wide as the last]` is at `stages/<task>`; at first `last` for the last stage, the others share the
 *   rest;
 * - G_{t,a} `[inputs, C / S]` are the weights of task t that make subspace a; Ω is added `orthogonality` times.
 *
 * `trainer.inspect` gives α as `intermediates['units/<stage>/<task>']`, `[S, S, K]`.
 *
 * Shapes: inputs `[rows, ...]` → features `[rows, ..., C]` per task and stage → outputs as each task declares them.
 *
 * @remarks With S = 1 and no skips it is cross-stitch with a scalar per stage; equal α share everything. Stages of
 * another width than the last one are not among what a head sees. All tasks read the same rows.
 * @throws `POLYTASK_INVALID_OPTION` where the channels of a stage do not fall into subspaces of the same size;
 * `POLYTASK_SHAPE_MISMATCH` where the tasks' networks give features of different shapes, or read different rows.
 * @example
 * ```ts
 * import { createTrainer, mlp, regression } from '@polytask/core';
 * import { sluice } from '@polytask/soft-sharing';
 *
 * const inputs = { x: { shape: [3], dtype: 'float32' } } as const;
 * const trainer = await createTrainer({ tasks: [regression('a'), regression('b')], sharing: sluice({ encoder: mlp([8, 8]) }), inputs });
 * const mixing = trainer.parameters?.layout.segments.filter(({ group }) => group === 'mixing');
 * console.log(mixing?.map(({ path, shape }) => `${path} ${shape}`));
 * // => [ 'units/dense0 4,4', 'units/dense1 4,4', 'stages/a 2', 'stages/b 2' ]
 * trainer.dispose();
 * ```
 */
export const sluice = /* @__PURE__ */ describePart('sharing', {
  name: 'sluice',
  summary:
    'A network per task; weights that learn mix subspaces of features between tasks, and stages before the heads.',
  cites: [
    {
      authors: 'S. Ruder, J. Bingel, I. Augenstein and A. Søgaard',
      title: 'Latent multi-task architecture learning',
      venue: 'AAAI',
      year: 2019,
      url: 'https://arxiv.org/abs/1705.08142',
    },
  ],
  options,
  make: ({ encoder, head, subspaces, own, skips, last, orthogonality, learningRate }) => ({
    bind({ tasks, inputs, scope }) {
      const mixing = { group: 'mixing', learningRate };
      const place = scope.child('units', mixing);
      const stages: ColumnStage[] = [];
      // What came out of each stage of the pass under way.
      let passed: (readonly tf.Tensor[])[] = [];
      const weights = mixingWeights(tasks.map(({ name }) => name));
      const columns = buildMixedColumns(scope, tasks, inputs, encoder, (stage) => {
        stages.push(stage);
        const mix = sluiceUnit(place, stage, subspaces, own, weights);
        return (features) => {
          const mixed = mix(features);
          passed.push(mixed);
          return mixed;
        };
      });
      const outputs = tasks.map(({ name }) => columns.outputs[name] as { shape: readonly number[] });
      const wide = stages.flatMap(({ outputs: [first] }, at) =>
        first?.shape.join() === outputs[0]?.shape.join() ? [at] : [],
      );
      const share = (at: number) => (at === wide.length - 1 ? last : (1 - last) / (wide.length - 1));
      const beta =
        skips && wide.length > 1
          ? tasks.map(({ name }) =>
              scope
                .child('stages', { ...mixing, usedBy: [name] })
                .variable(name, [wide.length], () => Float32Array.from(wide, (_, at) => share(at))),
            )
          : undefined;
      const heads = buildHeads(scope, tasks, columns.outputs, head);
      const orthogonal = {
        name: 'orthogonality',
        weight: orthogonality,
        loss: () => overlap(columns.scopes, stages, subspaces),
      };
      return {
        relations: weights.relations(),
        forward(x, step) {
          passed = [];
          const features = columns.apply(x, step);
          const seen = passed;
          passed = [];
          const intermediates = weights.of(step);
          if (beta === undefined) return heads.apply(features, step, { intermediates });
          const mixtures = tasks.map(({ name }, t) => {
            const parts = wide.map((at, i) =>
              tf.mul((seen[at] as tf.Tensor[])[t] as tf.Tensor, tf.slice(beta[t] as tf.Tensor, i, 1)),
            );
            return [name, tf.addN(parts)];
          });
          return heads.apply(Object.fromEntries(mixtures), step, { intermediates });
        },
        auxiliary: subspaces > 1 && orthogonality > 0 ? [orthogonal] : [],
      };
    },
  }),
});

/** Mixes the subspaces of all tasks after a stage: one product of matrices. */
function sluiceUnit(place: BuildScope, stage: ColumnStage, subspaces: number, own: number, weights: MixingWeights) {
  const k = stage.outputs.length;
  const { channels } = sameShapes(stage);
  if (channels % subspaces !== 0) {
    throw new InvalidOptionError(
      'subspaces',
      `a divisor of the ${channels} channels of stage \`${stage.name}\``,
      subspaces,
    );
  }
  const all = k * subspaces;
  const alpha = place.variable(stage.name, [all, all], () =>
    Float32Array.from({ length: all * all }, (_, at) =>
      at % (all + 1) === 0 ? (all === 1 ? 1 : own) : (1 - own) / (all - 1),
    ),
  );
  weights.add(stage.name, (task) => {
    const rows = tf.slice(alpha, [task * subspaces, 0], [subspaces, -1]);
    return tf.transpose(tf.reshape(rows, [subspaces, k, subspaces]), [0, 2, 1]);
  });
  const width = channels / subspaces;
  return (features: readonly tf.Tensor[]): readonly tf.Tensor[] => {
    const rows = features.map((one) =>
      tf.reshape(tf.transpose(tf.reshape(one, [-1, subspaces, width]), [1, 0, 2]), [subspaces, -1]),
    );
    const product = tf.matMul(alpha as tf.Tensor2D, tf.concat(rows as tf.Tensor2D[]));
    // tfjs has no gradient of a split into one.
    const mixed = k === 1 ? [product] : tf.split(product, k);
    return mixed.map((one, t) =>
      tf.reshape(tf.transpose(tf.reshape(one, [subspaces, -1, width]), [1, 0, 2]), (features[t] as tf.Tensor).shape),
    );
  };
}

/** Ω over the weights of all stages whose last axis is the channels that fall into subspaces. */
function overlap(
  scopes: { readonly [task: string]: BuildScope },
  stages: readonly ColumnStage[],
  subspaces: number,
): tf.Tensor {
  const terms = Object.values(scopes).flatMap((scope) =>
    scope.variables().flatMap(({ name, variable }) => {
      const stage = stages.find((one) => name.startsWith(`${one.name}/`));
      const channels = stage?.outputs[0]?.shape.at(-1);
      if (variable.rank < 2 || variable.shape.at(-1) !== channels) return [];
      const parts = tf.split(tf.reshape(variable, [-1, channels as number]), subspaces, 1) as tf.Tensor2D[];
      return parts.flatMap((a, i) => parts.slice(i + 1).map((b) => tf.sum(tf.square(tf.matMul(a, b, true)))));
    }),
  );
  return terms.length === 0 ? tf.scalar(0) : tf.addN(terms);
}
