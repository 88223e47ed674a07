import {
  type AuxiliaryTerm,
  buildColumns,
  buildEncoder,
  buildFlatten,
  buildHeads,
  buildTaskInputs,
  describePart,
  extend,
  headOption,
  type InputSpec,
  inputsOf,
  list,
  number,
  type OptionsOf,
  optional,
  part,
  required,
  whole,
  withDefault,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import {
  buildDiscriminator,
  discriminated,
  discriminatorOptions,
  fooled,
  oneHotRows,
  requireRowTask,
  reversalFeeds,
} from './discriminator.js';

const options = extend(discriminatorOptions, {
  units: withDefault(list(whole({ from: 1 })), [], 'Widths of hidden layers of the discriminator.', 'paper'),
  encoder: required(part('encoder'), 'The shared network.'),
  privateEncoder: optional(part('encoder'), "Each task's private network.", 'as the shared one'),
  head: headOption,
  adversary: withDefault(
    number({ from: 0 }),
    0.05,
    'Weight of the discriminator of tasks on the shared features; 0 leaves it out.',
    'paper',
  ),
  orthogonality: withDefault(
    number({ from: 0 }),
    0.01,
    'Weight of the overlap between shared and private features; 0 leaves it out.',
    'paper',
  ),
});

/** Options of {@link sharedPrivate}. */
export type SharedPrivateOptions = OptionsOf<typeof options>;

/**
 * Shared-private networks (ASP-MTL): every task sees shared and private features; the shared ones learn not to tell
 * tasks apart, the private ones not to repeat them.
 *
 * $$ h_t = [s_t; p_t], \qquad L = \sum_t L_t + \lambda L_{adv} + \gamma \sum_t \frac{1}{N_t^2}
 * \big\lVert \hat S_t^\top \hat P_t \big\rVert_F^2 $$
 *
 * where
 * - s_t are the features of the shared network (`shared/...`) for task t's rows, p_t those of its private network
 *   (`private/<task>/...`);
 * - L_adv is the cross-entropy of a discriminator of tasks on the shared features, with the gradient reversed, as
 *   `taskDiscriminator`;
 * - Ŝ_t, P̂_t `[N_t, width]` are both for the task's own rows, with columns of mean 0 and rows of length 1;
 * - λ is `adversary`, γ is `orthogonality`.
 *
 * Both terms are in the history, as `shared-private/adversary` and `shared-private/orthogonality`, and the
 * discriminator's accuracy; at chance the first is log K.
 *
 * Shapes: inputs `[rows, ...]` → shared and private features, flattened and side by side → outputs as each task
 * declares them.
 *
 * @remarks The paper's overlap is ‖SᵀP‖² of the features as they are, which grows with batch and width; normalised it
 * lies in [0, 1]. The discriminator learns at full rate whatever `adversary` is, which is the shared network's part. With the paper's
 * values, a linear discriminator and 0.05, a new classifier still tells tasks apart by the shared features in our runs; `adversary: 1`,
 * hidden layers and a `learningRate` above that of the network are what stops it, see `taskDiscriminator`. An adversary needs tasks with data sets of their own: where all tasks read the same rows set
 * `adversary: 0`.
 * @throws `POLYTASK_ADVERSARY` at the first step where there is an adversary and tasks have no data sets of their own.
 * @example
 * ```ts
 * import { createTrainer, mlp, regression } from '@polytask/core';
 * import { sharedPrivate } from '@polytask/adversarial';
 *
 * const trainer = await createTrainer({
 *   tasks: [regression('a'), regression('b')],
 *   sharing: sharedPrivate({ encoder: mlp([8]), privateEncoder: mlp([4]), adversary: 0 }),
 *   inputs: { x: { shape: [3], dtype: 'float32' } },
 * });
 * const head = trainer.parameters?.layout.segments.find(({ path }) => path === 'heads/a/outputs/value/kernel');
 * console.log(head?.shape); // => [ 12, 1 ]
 * trainer.dispose();
 * ```
 */
export const sharedPrivate = /* @__PURE__ */ describePart('sharing', {
  name: 'shared-private',
  summary: 'Shared and private features for every task; the shared ones learn not to tell tasks apart.',
  cites: [
    {
      authors: 'P. Liu, X. Qiu and X. Huang',
      title: 'Adversarial multi-task learning for text classification',
      venue: 'ACL',
      year: 2017,
      url: 'https://arxiv.org/abs/1704.05742',
    },
  ],
  options,
  make: ({ encoder, privateEncoder = encoder, head, adversary, orthogonality, ...given }) => ({
    bind({ tasks, inputs, scope }) {
      const names = tasks.map(({ name }) => name);
      const { specs, applyShared } = buildTaskInputs(scope, tasks, inputs);
      const shared = buildEncoder(encoder, scope.child('shared'), specs);
      const columns = buildColumns(
        scope.child('private'),
        tasks.map((task) => ({
          name: task.name,
          encoder: privateEncoder,
          inputs: inputsOf(task, inputs),
          usedBy: [task.name],
        })),
      );
      const flatShared = buildFlatten(shared.output);
      const flatPrivate = Object.fromEntries(
        names.map((name) => [name, buildFlatten(columns.outputs[name] as InputSpec)]),
      );
      const joined = Object.fromEntries(
        names.map((name): [string, InputSpec] => {
          const width = widthOf(flatShared.output) + widthOf(flatPrivate[name]?.output as InputSpec);
          return [name, { shape: [width], dtype: 'float32' }];
        }),
      );
      const heads = buildHeads(scope, tasks, joined, head);

      const auxiliary: AuxiliaryTerm[] = [];
      if (adversary > 0) {
        const { units, learningRate, reversal, anneal } = given;
        const place = scope.child('discriminator', { usedBy: [], learningRate });
        const discriminator = buildDiscriminator(place, shared.output.shape, tasks.length, units);
        auxiliary.push({
          name: 'adversary',
          weight: adversary,
          logged: ['accuracy'],
          feeds: reversalFeeds(reversal, anneal),
          loss({ state, batch, feeds, step }) {
            const rowTask = requireRowTask('shared-private', batch.rowTask, ', or set `adversary: 0`');
            const lambda = feeds.lambda as tf.Tensor;
            const logits = fooled(discriminator, state.shared as tf.Tensor, lambda, adversary, step);
            const { loss, accuracy } = discriminated(logits, oneHotRows(rowTask, tasks.length));
            return { loss, logged: { accuracy } };
          },
        });
      }
      if (orthogonality > 0) {
        auxiliary.push({
          name: 'orthogonality',
          weight: orthogonality,
          loss({ state: { intermediates }, batch: { rowTask } }) {
            const overlaps = names.map((name, t) => {
              const own = rowTask && tf.cast(tf.equal(rowTask, t), 'float32');
              const [s, p] = [
                intermediates[`shared/${name}`] as tf.Tensor2D,
                intermediates[`private/${name}`] as tf.Tensor2D,
              ];
              // Data sets with inputs of their own: all rows of a task's features are its own.
              return overlapOf(s, p, own?.shape[0] === s.shape[0] ? own : undefined);
            });
            return tf.addN(overlaps);
          },
        });
      }
      return {
        auxiliary,
        forward(tensors, step) {
          const both = applyShared(tensors, step, shared.apply);
          const own = columns.apply(tensors, step);
          const intermediates: Record<string, tf.Tensor> = {};
          const features: Record<string, tf.Tensor> = {};
          for (const name of names) {
            const s = flatShared.apply(both.features[name] as tf.Tensor, step);
            const p = flatPrivate[name]?.apply(own[name] as tf.Tensor, step) as tf.Tensor;
            intermediates[`shared/${name}`] = s;
            intermediates[`private/${name}`] = p;
            features[name] = tf.concat([s, p], 1);
          }
          return heads.apply(features, step, { shared: both.shared, intermediates });
        },
      };
    },
  }),
});

const widthOf = ({ shape }: InputSpec) => shape[0] as number;

/** ‖ŜᵀP̂‖² / N² over the rows of which `own` is 1, default all. */
function overlapOf(s: tf.Tensor2D, p: tf.Tensor2D, own: tf.Tensor | undefined): tf.Tensor {
  const mask = own === undefined ? tf.ones([s.shape[0], 1]) : tf.reshape(own, [-1, 1]);
  const count = tf.maximum(tf.sum(mask), 1);
  const unit = (features: tf.Tensor2D): tf.Tensor2D => {
    const centred = tf.sub(features, tf.div(tf.sum(tf.mul(features, mask), 0, true), count));
    const length = tf.sqrt(tf.add(tf.sum(tf.square(centred), 1, true), 1e-12));
    return tf.mul(tf.div(centred, length), mask);
  };
  return tf.div(tf.sum(tf.square(tf.matMul(unit(s), unit(p), true))), tf.square(count));
}
