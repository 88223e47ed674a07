import {
  adaptersOption,
  type BuildScope,
  buildColumns,
  buildHeads,
  buildTaskInputs,
  describePart,
  headOption,
  hostTensor,
  type InputSpec,
  number,
  type OptionsOf,
  optional,
  type ParameterReader,
  part,
  required,
  type StepContext,
  type StepInfo,
  stopGradient,
  unstack,
  whole,
  withDefault,
  zerosInitializer,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';

const options = {
  encoder: required(part('encoder'), 'Of every stage there are several copies, which branch from one another.'),
  branches: optional(whole({ from: 1 }), 'Copies of every stage, B.', 'as many as tasks'),
  hottest: withDefault(number({ above: 0 }), 5, 'Temperature of the draws at first.', 'our own'),
  coldest: withDefault(number({ above: 0 }), 0.5, 'Temperature of the draws in the end.', 'our own'),
  warmUp: withDefault(
    number({ from: 0, below: 1 }),
    0.1,
    'Share of the run in which every copy takes the mean of all before it, so that all are trained before any is chosen.',
    'our own',
  ),
  learningRate: optional(number({ above: 0 }), 'Of the choices, instead of the rate of the optimizer.'),
  head: headOption,
  adapters: adaptersOption,
};

/** Options of {@link learningToBranch}. */
export type LearningToBranchOptions = OptionsOf<typeof options>;

/**
 * Learning to branch: of every stage there are B copies; each copy learns from which copy of the stage before it
 * branches off, and each task at which copy of the last stage it ends. What comes out is a tree.
 *
 * $$ x_b^{s} = \sum_{j=1}^{B} a_{bj}^{s}\, h_j^{s-1}, \qquad
 * a_b = \text{onehot}\Big(\underset{j}{\arg\max}\ \hat a_{bj}\Big), \qquad
 * \hat a_b = \text{softmax}\big((\alpha_b + g) / \tau\big), \quad g_j = -\log(-\log u_j) $$
 *
 * where
 * - h_j^s are the features of copy j of stage s (`copies/branch<j>/<stage>/...`); a task's head takes
 *   $\sum_j a_{tj} h_j$ of the last stage;
 * - α are the choices: `parents/<stage>` `[B, B]`, of copies of that stage by those of the next, used by all tasks; and
 *   `leaves/<task>` `[1, B]`, used by that task; at first 0;
 * - u are uniform numbers of the step; τ falls from `hottest` to `coldest` by the same factor every step;
 * - the gradient goes through $\hat a$ (straight through). Without training there is no draw: a is the largest α.
 *
 * `trainer.inspect` gives which copy each task goes through as `intermediates['paths/<stage>']`, `[K, B]` of 0 and 1.
 * The history has, by epoch, how many copies of a stage tasks go through by the largest α,
 * `learning-to-branch/copies/<stage>`: 1 where all share it.
 *
 * Shapes: inputs `[rows, ...]` → features `[rows, ...]` of B copies of each stage → features by task → outputs as each
 * task declares them.
 *
 * @remarks Any copy may reach any task, so all copies count as shared. All copies are computed; to keep the tree alone,
 * train it anew with `branchedSharing`. In the warm-up copies take the mean of those before them, not the sum as in
 * LibMTL, which makes features B times larger. Where a run has no end of its own, τ stays at `hottest` and there is no
 * warm-up.
 * @throws `POLYTASK_TASK_INPUTS` where tasks read inputs of different shapes; what the encoder throws.
 * @example
 * ```ts
 * import { mlp } from '@polytask/core';
 * import { learningToBranch } from '@polytask/attention';
 *
 * learningToBranch({ encoder: mlp([64, 64, 32]), branches: 3 }).name; // => 'learning-to-branch'
 * ```
 */
export const learningToBranch = /* @__PURE__ */ describePart('sharing', {
  name: 'learning-to-branch',
  summary: 'Copies of every stage choose from which copies they branch off; a tree is learned while training.',
  cites: [
    {
      authors: 'P. Guo, C.-Y. Lee and D. Ulbricht',
      title: 'Learning to branch for multi-task learning',
      venue: 'ICML',
      year: 2020,
      url: 'https://arxiv.org/abs/2006.01895',
    },
  ],
  options,
  make: ({ encoder, branches, hottest, coldest, warmUp, learningRate, head, adapters }) => ({
    bind({ tasks, inputs, scope }) {
      const { specs, sources } = buildTaskInputs(scope, tasks, inputs, adapters);
      const copies = Array.from({ length: branches ?? tasks.length }, (_, b) => `branch${b}`);
      const choosing = { group: 'branching', learningRate };
      const parents: { readonly stage: string; readonly choose: Chooser }[] = [];
      const stages: string[] = [];
      const columns = buildColumns(
        scope.child('copies'),
        copies.map((name) => ({ name, encoder, inputs: specs })),
        ({ name, last, index }) => {
          stages[index] = name;
          if (last) return undefined;
          const choose = buildChooser(scope.child('parents', choosing), name, [copies.length, copies.length]);
          parents.push({ stage: name, choose });
          return (features, step, feeds) => take(choose(step, feeds as Feeds), features);
        },
      );
      const leaves = tasks.map(({ name }) =>
        buildChooser(scope.child('leaves', { ...choosing, usedBy: [name] }), name, [1, copies.length]),
      );
      const heads = buildHeads(scope, tasks, columns.outputs.branch0 as InputSpec, head);
      return {
        feeds: (info) => drawing(info, hottest, coldest, warmUp),
        epochEnd: (_, parameters) =>
          countCopies(
            parameters,
            stages,
            tasks.map(({ name }) => name),
          ),
        forward(x, step, feeds: Feeds) {
          const features: Record<string, tf.Tensor> = {};
          const taken: tf.Tensor[] = [];
          for (const source of sources) {
            const ends = Object.values(columns.apply(source.select(x, step), step, feeds));
            tasks.forEach(({ name }, k) => {
              if (!source.tasks.includes(name)) return;
              const leaf = (leaves[k] as Chooser)(step, feeds);
              taken[k] = leaf;
              features[name] = take(leaf, ends)[0] as tf.Tensor;
            });
          }
          const intermediates: Record<string, tf.Tensor> = {};
          if (!step.training) {
            let paths: tf.Tensor = tf.concat(taken, 0);
            intermediates[`paths/${stages.at(-1)}`] = paths;
            // From the leaves to the root: where a task goes through a copy, it goes through that copy's parent.
            for (const { stage, choose } of [...parents].reverse()) {
              paths = tf.matMul(paths as tf.Tensor2D, choose(step, feeds) as tf.Tensor2D);
              intermediates[`paths/${stage}`] = paths;
            }
          }
          return heads.apply(features, step, { intermediates });
        },
      };
    },
  }),
});

interface Feeds {
  readonly temperature: tf.Tensor;
  /** 1 while nothing is chosen yet, else 0. */
  readonly undecided: tf.Tensor;
  readonly [name: string]: tf.Tensor;
}

function drawing({ step, totalSteps }: StepInfo, hottest: number, coldest: number, warmUp: number) {
  const done = totalSteps === null ? 0 : Math.min(step / Math.max(totalSteps - 1, 1), 1);
  return {
    temperature: hostTensor(hottest * (coldest / hottest) ** done),
    undecided: hostTensor(totalSteps !== null && step < warmUp * totalSteps ? 1 : 0),
  };
}

/** Choices `[n, B]`, a 1 in every row; in training drawn, with a gradient. */
type Chooser = (step: StepContext, feeds: Feeds) => tf.Tensor;

function buildChooser(place: BuildScope, name: string, shape: readonly [number, number]): Chooser {
  const logits = place.variable(name, shape, zerosInitializer);
  const path = `${place.path}/${name}`;
  return (step, { temperature, undecided }) => {
    if (!step.training) return largest(logits);
    const uniform = tf.clipByValue(step.uniform(path, shape), 1e-7, 1 - 1e-7);
    const noise = tf.neg(tf.log(tf.neg(tf.log(uniform))));
    const soft = tf.softmax(tf.div(tf.add(logits, noise), temperature));
    const drawn = tf.add(soft, stopGradient(tf.sub(largest(soft), soft)));
    return tf.add(tf.mul(drawn, tf.sub(1, undecided)), tf.mul(undecided, 1 / shape[1]));
  };
}

/** 1 at the first of the largest entries of every row. */
function largest(x: tf.Tensor): tf.Tensor {
  const columns = tf.range(0, x.shape.at(-1) as number, 1, 'int32');
  return tf.cast(tf.equal(tf.expandDims(tf.argMax(x, -1), -1), columns), 'float32');
}

/** Choices `[n, B]` of B features `[rows, ...]`: n of them. */
function take(choices: tf.Tensor, features: readonly tf.Tensor[]): tf.Tensor[] {
  const shape = features[0]?.shape ?? [];
  const flat = tf.reshape(tf.stack([...features]), [features.length, -1]) as tf.Tensor2D;
  const taken = tf.matMul(choices as tf.Tensor2D, flat);
  return unstack(taken).map((one) => tf.reshape(one, shape));
}

/** How many copies of every stage tasks go through, by the largest choices. */
async function countCopies(
  parameters: ParameterReader,
  stages: readonly string[],
  tasks: readonly string[],
): Promise<{ [name: string]: number }> {
  const [leaves, parents] = await Promise.all([
    Promise.all(tasks.map((task) => parameters.read(`leaves/${task}`))),
    Promise.all(stages.slice(0, -1).map((stage) => parameters.read(`parents/${stage}`))),
  ]);
  const chosen = (numbers: ArrayLike<number>) => Array.from(numbers).indexOf(Math.max(...Array.from(numbers)));
  let used = new Set(leaves.map(({ data }) => chosen(data)));
  const found: { [name: string]: number } = { [`copies/${stages.at(-1)}`]: used.size };
  for (let s = stages.length - 2; s >= 0; s--) {
    const { data, shape } = parents[s] as (typeof parents)[number];
    const width = shape[1] as number;
    used = new Set([...used].map((b) => chosen(data.subarray(b * width, (b + 1) * width))));
    found[`copies/${stages[s]}`] = used.size;
  }
  return found;
}
