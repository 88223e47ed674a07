import {
  adaptersOption,
  type BuildScope,
  buildDense,
  buildEncoder,
  buildFlatten,
  buildHeads,
  buildTaskInputs,
  byTask,
  chainLayers,
  choice,
  describePart,
  either,
  headOption,
  type InputSpec,
  list,
  number,
  type OptionsOf,
  optional,
  part,
  required,
  ShapeMismatchError,
  type StepContext,
  UnknownNameError,
  withDefault,
  zerosInitializer,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';

const options = {
  encoder: required(part('encoder'), 'The trunk, shared by all tasks.'),
  by: withDefault(
    choice('row', 'task'),
    'row',
    'Whether α depends on the features of each row (and position), or is the same for all rows of a task.',
  ),
  normalize: withDefault(
    choice('sigmoid', 'softmax'),
    'sigmoid',
    'sigmoid: features are weighed one by one, from 0 to 2; softmax: they compete, with a mean of 1.',
  ),
  alpha: optional(
    byTask(
      either([number(), list(number(), { least: 1 })], 'a number, or a list with one for every feature'),
      'fixed α',
    ),
    'α that stays as it is given: a number for all features, or one for each.',
    'none: every α is learned',
  ),
  head: headOption,
  adapters: adaptersOption,
};

/** Options of {@link taskAttention}. */
export type TaskAttentionOptions = OptionsOf<typeof options>;

/**
 * Input → shared → attention → task-specific: every task weighs the shared features before its head.
 *
 * $$ y_i = f_i(\theta_s,\ \alpha_i \odot x_i,\ \theta_i), \qquad x_i = \text{trunk}_{\theta_s}(\text{input}_i) $$
 *
 * $$ \alpha_i = 2\,\sigma(x_i W_i + b_i) \quad (\texttt{by: 'row'}), \qquad \alpha_i = 2\,\sigma(b_i) \quad
 * (\texttt{by: 'task'}) $$
 *
 * where
 * - θ_s is the trunk (`trunk/...`), used by all tasks; x_i are the shared features `[rows, ..., n]`;
 * - W_i `[n, n]` and b_i `[n]` are `attention/<task>/kernel` and `bias`, used by task i only and 0 at first, so that
 *   every α is 1 and the model starts as hard sharing; with `normalize: 'softmax'` α_i = n softmax(·), whose mean over
 *   the features is 1;
 * - θ_i is the head (`heads/<task>/...`). Of features that are maps, W_i acts at every position.
 *
 * `trainer.inspect` gives α as `intermediates['attention/<task>']`, `[rows, ..., n]`. The history has, by epoch, its
 * mean `task-attention/attention/<task>/mean` and `.../deviation`, the standard deviation over features, a mean over
 * rows: 0 where a task weighs all alike.
 *
 * Shapes: inputs `[rows, ...]` → features `[rows, ..., n]` → weighed, the same, by task → outputs as each task declares
 * them.
 *
 * @remarks Tasks may have inputs of their own: those of equal shapes go through the same trunk, others through
 * `adapters` first. With `alpha` fixed at 1 for all tasks this is hard sharing, and with other numbers hard sharing on
 * scaled features.
 * @throws `POLYTASK_TASK_INPUTS` where tasks read inputs of different shapes; `POLYTASK_UNKNOWN_NAME` for α of unknown
 * tasks; `POLYTASK_SHAPE_MISMATCH` for another number of α than there are features.
 * @example
 * ```ts
 * import { createTrainer, hostTensor, mlp, regression, sgd, tableDataset } from '@polytask/core';
 * import { taskAttention } from '@polytask/attention';
 *
 * const x = hostTensor([0, 1, 1, 0], [2, 2]);
 * const train = tableDataset({ inputs: { x }, columns: { a: Float32Array.of(1, 2), b: Float32Array.of(3, 1) } });
 * const trainer = await createTrainer({
 *   tasks: [regression('a'), regression('b')],
 *   sharing: taskAttention({ encoder: mlp([3]), alpha: { b: [1, 0, 2] } }),
 *   optimizer: sgd({ learningRate: 0.1 }),
 * });
 * await trainer.fit(train, { epochs: 1, batchSize: 2 });
 * const { intermediates } = await trainer.inspect({ x });
 * console.log(intermediates['attention/b']?.data); // => Float32Array(6) [ 1, 0, 2, 1, 0, 2 ]
 * trainer.dispose();
 * ```
 */
export const taskAttention = /* @__PURE__ */ describePart('sharing', {
  name: 'task-attention',
  summary: 'A shared trunk; each task weighs its features before its head.',
  cites: [
    {
      authors: 'S. Liu, E. Johns and A. J. Davison',
      title: 'End-to-end multi-task learning with attention',
      venue: 'CVPR',
      year: 2019,
      url: 'https://arxiv.org/abs/1803.10704',
      note: 'Weighs features after every stage by small networks, see `mtan`; here after the last, by one layer.',
    },
  ],
  options,
  make: ({ encoder, by, normalize, alpha = {}, head, adapters }) => ({
    bind({ tasks, inputs, scope }) {
      const names = tasks.map(({ name }) => name);
      for (const name of Object.keys(alpha)) {
        if (!names.includes(name)) throw new UnknownNameError('task', name, names, 'alpha');
      }
      const { specs, applyShared } = buildTaskInputs(scope, tasks, inputs, adapters);
      const trunk = buildEncoder(encoder, scope.child('trunk'), specs);
      // A number per row is a vector of one.
      const vector = chainLayers(trunk.output, [trunk.output.shape.length === 0 && buildFlatten]);
      const weighers = names.map((name) => {
        const fixed = alpha[name];
        if (fixed !== undefined) return [name, fixedAlpha(name, fixed, vector.output)] as const;
        const place = scope.child('attention').child(name, { usedBy: [name] });
        return [name, learnedAlpha(place, vector.output, by, normalize)] as const;
      });
      const heads = buildHeads(scope, tasks, vector.output, head);
      return {
        logged: names.flatMap((name) => [`attention/${name}/mean`, `attention/${name}/deviation`]),
        forward(x, step) {
          const { features, shared } = applyShared(x, step, (given, at) => vector.apply(trunk.apply(given, at), at));
          const weighed: Record<string, tf.Tensor> = {};
          const intermediates: Record<string, tf.Tensor> = {};
          for (const [name, weigh] of weighers) {
            const own = features[name] as tf.Tensor;
            const weights = weigh(own, step);
            weighed[name] = tf.mul(weights, own);
            intermediates[`attention/${name}`] = weights;
            if (!step.training) continue;
            intermediates[`attention/${name}/mean`] = tf.mean(weights);
            const spread = tf.mean(tf.squaredDifference(weights, tf.mean(weights, -1, true)), -1);
            intermediates[`attention/${name}/deviation`] = tf.mean(tf.sqrt(spread));
          }
          return heads.apply(weighed, step, { shared, intermediates });
        },
      };
    },
  }),
});

/** Features `[rows, ..., n]` to α of the same shape. */
type Weigher = (features: tf.Tensor, step: StepContext) => tf.Tensor;

function fixedAlpha(task: string, alpha: number | readonly number[], features: InputSpec): Weigher {
  const width = features.shape.at(-1) as number;
  const each = typeof alpha === 'number' ? new Array<number>(width).fill(alpha) : alpha;
  if (each.length !== width) {
    throw new ShapeMismatchError(`Option \`alpha.${task}\`, one number for every feature,`, [width], [each.length]);
  }
  return (x) => tf.mul(tf.onesLike(x), tf.tensor1d([...each]));
}

function learnedAlpha(
  place: BuildScope,
  features: InputSpec,
  by: 'row' | 'task',
  normalize: 'sigmoid' | 'softmax',
): Weigher {
  const width = features.shape.at(-1) as number;
  const positive = (logits: tf.Tensor) =>
    normalize === 'sigmoid' ? tf.mul(tf.sigmoid(logits), 2) : tf.mul(tf.softmax(logits), width);
  if (by === 'row') {
    const gate = buildDense(place, features, width, { kernel: zerosInitializer });
    return (x, step) => positive(gate.apply(x, step));
  }
  const bias = place.variable('bias', [width], zerosInitializer);
  return (x) => tf.mul(tf.onesLike(x), positive(bias));
}
