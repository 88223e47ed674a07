import {
  adaptersOption,
  type BuildScope,
  type BuiltLayer,
  buildActivation,
  buildBatchNorm,
  buildDense,
  buildStages,
  chainLayers,
  describePart,
  flag,
  headOption,
  type InputSpec,
  joinRows,
  type NamedTensors,
  type OptionsOf,
  part,
  required,
  whole,
  withDefault,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { buildTaskTrunk } from './task-trunk.js';

const options = {
  encoder: required(
    part('encoder'),
    'The trunk, shared by all tasks; each task has an attention module at every stage.',
  ),
  reduction: withDefault(
    whole({ from: 1 }),
    1,
    'How many times narrower the inside of an attention module is than the features.',
    "the authors' code; LibMTL has 2",
  ),
  batchNorm: withDefault(flag(), true, 'Normalise in attention modules.', 'paper'),
  head: headOption,
  adapters: adaptersOption,
};

/** Options of {@link mtan}. */
export type MtanOptions = OptionsOf<typeof options>;

/**
 * Multi-task attention network: a trunk for all tasks, and for each task a chain of soft attention masks that selects
 * from the trunk's features, stage by stage.
 *
 * $$ \hat a_t^{s} = a_t^{s} \odot p^{s}, \qquad
 * a_t^{s} = \sigma\Big(\text{BN}\big(W_{t,2}^{s}\, \text{relu}(\text{BN}(W_{t,1}^{s} [p^{s};\ f^{s}(\hat
 * a_t^{s-1})]))\big)\Big) $$
 *
 * where
 * - p^s are the features of the trunk's stage s (`trunk/<stage>/...`), used by all tasks;
 * - f^s brings what task t had selected one stage earlier to the shape of stage s: a second copy of the stage, with
 *   weights of its own that all tasks share (`refine/<stage>/...`); at the first stage there is nothing to bring, and
 *   [·] is p alone;
 * - W are linear at every position (1×1 convolutions), task t's own with their biases and BatchNorm
 *   (`attention/<task>/<stage>/inner/...` and `.../mask/...`);
 * - task t's head gets â_t of the last stage.
 *
 * `trainer.inspect` gives masks as `intermediates['attention/<task>/<stage>']`, of the shape of the features. The
 * history has their means by epoch, `mtan/attention/<task>/<stage>/mean`.
 *
 * Shapes: inputs `[rows, ...]` → features of every stage `[rows, ..., n]` → the same by task → outputs as each task
 * declares them.
 *
 * @remarks For any encoder, dense or convolutional, that has stages. The paper's f is a 3×3 convolution with pooling,
 * and its modules see the first of the two convolutions of a block, u, beside its last, p; a stage here is one layer,
 * so u is p. A mask begins at about a half, which halves the features of the first step.
 * @throws `POLYTASK_TASK_INPUTS` where tasks read inputs of different shapes; what the encoder throws.
 * @example
 * ```ts
 * import { convNet } from '@polytask/core';
 * import { mtan } from '@polytask/attention';
 *
 * mtan({ encoder: convNet({ batchNorm: true }) }).name; // => 'mtan'
 * ```
 */
export const mtan = /* @__PURE__ */ describePart('sharing', {
  name: 'mtan',
  summary: 'A shared trunk; each task selects from its features by soft masks, stage by stage.',
  cites: [
    {
      authors: 'S. Liu, E. Johns and A. J. Davison',
      title: 'End-to-end multi-task learning with attention',
      venue: 'CVPR',
      year: 2019,
      url: 'https://arxiv.org/abs/1803.10704',
    },
  ],
  options,
  make: ({ reduction, batchNorm, ...given }) => ({
    bind(context) {
      const { sources, stages, heads, logged } = buildTaskTrunk(
        context,
        given,
        'attention',
        (place, { output }, first) => buildMask(place, output, !first, reduction, batchNorm),
      );
      const refined = stages.map(({ recipe, inputs, carried }, index) =>
        // The first stage has nothing to bring.
        index === 0 ? undefined : buildStages([recipe], context.scope.child('refine'), inputs, carried),
      );
      return {
        logged,
        forward(x, step) {
          const features: Record<string, tf.Tensor> = {};
          const intermediates: Record<string, tf.Tensor> = {};
          const ends = sources.map((source) => {
            let given = source.select(x, step);
            let carried: NamedTensors = {};
            for (const [index, { recipe, built, modules }] of stages.entries()) {
              const passed = built.run(given, step, carried);
              const p = passed.features;
              for (const [task, module] of modules) {
                if (!source.tasks.includes(task)) continue;
                const selected = { features: features[task] as tf.Tensor };
                const brought = refined[index]?.run(selected, step, carried).features;
                const seen = brought === undefined ? p : tf.concat([p, brought], -1);
                const mask = tf.sigmoid(module.apply(seen, step));
                const name = `attention/${task}/${recipe.name}`;
                features[task] = tf.mul(mask, p);
                intermediates[name] = mask;
                if (step.training) intermediates[`${name}/mean`] = tf.mean(mask);
              }
              given = { features: p };
              carried = passed.carried;
            }
            return given.features as tf.Tensor;
          });
          return heads.apply(features, step, { shared: joinRows(ends).joined, intermediates });
        },
      };
    },
  }),
});

/** The logits of a mask over `output`, from the features and, where `twice`, as many beside them. */
function buildMask(
  place: BuildScope,
  output: InputSpec,
  twice: boolean,
  reduction: number,
  batchNorm: boolean,
): BuiltLayer {
  const channels = output.shape.at(-1) as number;
  const seen: InputSpec = { shape: [...output.shape.slice(0, -1), twice ? 2 * channels : channels], dtype: 'float32' };
  const normalised = (name: string) => (input: InputSpec) =>
    buildBatchNorm(place.child(name).child('batchNorm'), input);
  const dense = (name: string, units: number) => (input: InputSpec) =>
    buildDense(place.child(name), input, units, { bias: !batchNorm });
  return chainLayers(seen, [
    dense('inner', Math.ceil(channels / reduction)),
    batchNorm && normalised('inner'),
    (input) => buildActivation(input, 'relu'),
    dense('mask', channels),
    batchNorm && normalised('mask'),
  ]);
}
