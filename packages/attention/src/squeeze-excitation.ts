import {
  adaptersOption,
  type BuildScope,
  type BuiltStages,
  buildDense,
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
  type StepContext,
  whole,
  withDefault,
  zerosInitializer,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { buildTaskTrunk } from './task-trunk.js';

const options = {
  encoder: required(part('encoder'), 'The trunk, shared by all tasks; each task gates the channels after every stage.'),
  reduction: withDefault(
    whole({ from: 1 }),
    16,
    'How many times narrower the inside of a gate is than the features.',
    'Hu et al.',
  ),
  identity: withDefault(
    flag(),
    true,
    'Gates start at 1 and go from 0 to 2, so that the model starts as hard sharing; false: from 0 to 1, as published.',
    'our own',
  ),
  head: headOption,
  adapters: adaptersOption,
};

/** Options of {@link squeezeExcitation}. */
export type SqueezeExcitationOptions = OptionsOf<typeof options>;

/**
 * Squeeze-and-excitation gates of each task: one trunk for all tasks, in which every task passes its own share of each
 * channel on after every stage.
 *
 * $$ \tilde h_t^{s} = e_t^{s} \odot h_t^{s}, \qquad e_t^{s} = c\,\sigma\big(W_2\, \text{relu}(W_1\,
 * \overline{h_t^{s}})\big), \qquad
 * h_t^{s} = f^{s}(\tilde h_t^{s-1}) $$
 *
 * where
 * - f^s are the trunk's stages (`trunk/<stage>/...`), used by all tasks, and $\bar h$ is the mean over positions (of
 *   vectors the vector itself);
 * - W_1 `[n, ⌈n / reduction⌉]` and W_2 are task t's gate (`gates/<task>/<stage>/squeeze/...`, `.../excite/...`) with
 *   biases, used by that task only;
 * - c is 2 and W_2 starts at 0 with `identity`, else c is 1.
 *
 * `trainer.inspect` gives gates as `intermediates['gates/<task>/<stage>']`, `[rows, n]`; the history has their means by
 * epoch, `squeeze-excitation/gates/<task>/<stage>/mean`.
 *
 * Shapes: inputs `[rows, ...]` → features of every stage `[rows, ..., n]` by task → outputs as each task declares them.
 *
 * @remarks From the second stage on each task has features of its own, so the trunk's cost grows with the number of
 * tasks, while its parameters do not. Tasks go through a stage side by side as rows: BatchNorm of the trunk normalises
 * over all of them.
 * @throws `POLYTASK_TASK_INPUTS` where tasks read inputs of different shapes; what the encoder throws.
 * @example
 * ```ts
 * import { convNet } from '@polytask/core';
 * import { squeezeExcitation } from '@polytask/attention';
 *
 * squeezeExcitation({ encoder: convNet(), reduction: 4 }).name; // => 'squeeze-excitation'
 * ```
 */
export const squeezeExcitation = /* @__PURE__ */ describePart('sharing', {
  name: 'squeeze-excitation',
  summary: 'One trunk, in which every task gates the channels after each stage.',
  cites: [
    {
      authors: 'K.-K. Maninis, I. Radosavovic and I. Kokkinos',
      title: 'Attentive single-tasking of multiple tasks',
      venue: 'CVPR',
      year: 2019,
      url: 'https://arxiv.org/abs/1904.08918',
      note: 'Gates by task; without its residual adapters and its adversary.',
    },
    {
      authors: 'J. Hu, L. Shen and G. Sun',
      title: 'Squeeze-and-excitation networks',
      venue: 'CVPR',
      year: 2018,
      url: 'https://arxiv.org/abs/1709.01507',
    },
  ],
  options,
  make: ({ reduction, identity, ...given }) => ({
    bind(context) {
      const { sources, stages, heads, logged } = buildTaskTrunk(context, given, 'gates', (place, { output }) =>
        buildExcitation(place, output, reduction, identity),
      );
      return {
        logged,
        forward(x, step) {
          const intermediates: Record<string, tf.Tensor> = {};
          // In the first stage tasks with the same inputs go together, after it each has its own features.
          let groups: Group[] = sources.map((source) => ({
            tasks: source.tasks,
            inputs: source.select(x, step),
            carried: {},
          }));
          for (const { recipe, built, modules } of stages) {
            groups = throughStage(built, groups, step).flatMap(({ tasks: readers, features, carried }) =>
              readers.map((task) => {
                const { gated, gate } = (modules.get(task) as Excitation)(features, step);
                const name = `gates/${task}/${recipe.name}`;
                intermediates[name] = gate;
                if (step.training) intermediates[`${name}/mean`] = tf.mean(gate);
                return { tasks: [task], inputs: { features: gated }, carried };
              }),
            );
          }
          const features = Object.fromEntries(
            groups.map(({ tasks: [task = ''], inputs: given }) => [task, given.features as tf.Tensor]),
          );
          return heads.apply(features, step, { intermediates });
        },
      };
    },
  }),
});

/** Tasks that have the same so far. */
interface Group {
  readonly tasks: readonly string[];
  readonly inputs: NamedTensors;
  readonly carried: NamedTensors;
}

interface PassedGroup {
  readonly tasks: readonly string[];
  readonly features: tf.Tensor;
  readonly carried: NamedTensors;
}

/** All groups through one stage, their rows one after the other. */
function throughStage(stage: BuiltStages, groups: readonly Group[], step: StepContext): PassedGroup[] {
  const joined = (of: (group: Group) => NamedTensors) =>
    Object.fromEntries(
      Object.keys(of(groups[0] as Group)).map((name) => [
        name,
        joinRows(groups.map((group) => of(group)[name] as tf.Tensor)).joined,
      ]),
    );
  const rows = groups.map(({ inputs }) => Object.values(inputs)[0]?.shape[0] as number);
  const parted = (tensor: tf.Tensor) => (groups.length === 1 ? [tensor] : tf.split(tensor, rows, 0));
  const { features, carried } = stage.run(
    joined((group) => group.inputs),
    step,
    joined((group) => group.carried),
  );
  const parts = parted(features);
  const more = Object.entries(carried).map(([name, tensor]) => [name, parted(tensor)] as const);
  return groups.map(({ tasks }, i) => ({
    tasks,
    features: parts[i] as tf.Tensor,
    carried: Object.fromEntries(more.map(([name, tensors]) => [name, tensors[i] as tf.Tensor])),
  }));
}

type Excitation = (features: tf.Tensor, step: StepContext) => { readonly gated: tf.Tensor; readonly gate: tf.Tensor };

function buildExcitation(place: BuildScope, { shape }: InputSpec, reduction: number, identity: boolean): Excitation {
  // A number per row is a vector of one.
  const channels = shape.at(-1) ?? 1;
  const inside = Math.ceil(channels / reduction);
  const layers = chainLayers({ shape: [channels], dtype: 'float32' }, [
    (input) => buildDense(place.child('squeeze'), input, inside, { activation: 'relu' }),
    (input) => buildDense(place.child('excite'), input, channels, identity ? { kernel: zerosInitializer } : {}),
  ]);
  const positions = shape.slice(0, -1).map((_, axis) => axis + 1);
  const flat = [-1, ...positions.map(() => 1), ...(shape.length === 0 ? [] : [channels])];
  return (features, step) => {
    const mean = positions.length === 0 ? tf.reshape(features, [-1, channels]) : tf.mean(features, positions);
    const open = tf.sigmoid(layers.apply(mean, step));
    const gate = identity ? tf.mul(open, 2) : open;
    return { gate, gated: tf.mul(features, tf.reshape(gate, flat)) };
  };
}
