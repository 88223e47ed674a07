import {
  type AnyTask,
  adaptersOption,
  buildEncoder,
  buildHead,
  buildTaskInputs,
  constantGradient,
  describePart,
  extend,
  headBodies,
  headOption,
  list,
  type NamedTensors,
  number,
  type OptionsOf,
  PolytaskError,
  part,
  required,
  whole,
  withDefault,
  zerosInitializer,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { buildDiscriminator, discriminated, discriminatorOptions, fooled, reversalFeeds } from './discriminator.js';

const options = extend(discriminatorOptions, {
  units: withDefault(list(whole({ from: 1 })), [], 'Widths of hidden layers of the discriminator.'),
  encoder: required(part('encoder'), 'The trunk, shared by all tasks.'),
  head: headOption,
  adapters: adaptersOption,
  adversary: withDefault(
    number({ above: 0 }),
    1,
    'Weight of what the layers of alignment learn of the discriminator, which itself learns at full rate.',
  ),
});

/** Options of {@link gradientAdversarial}. */
export type GradientAdversarialOptions = OptionsOf<typeof options>;

/**
 * Gradient adversarial training (GREAT): a classifier reads off the gradient of a row's loss by the shared features
 * which task it is of; layers of each task's own scale that gradient so that it cannot, and the shared trunk gets the
 * scaled one.
 *
 * $$ g_{t,n} = \nabla_{z_n} \ell_{t,n}, \qquad \tilde g_{t,n} = g_{t,n} \odot a_t, \qquad
 * a_t = \frac{e^{v_t}}{\operatorname{mean}(e^{v_t})}, \qquad
 * \max_{v}\, \min_{D}\; -\operatorname{mean}_{t,n} \log \text{softmax}\big(D(\tilde g_{t,n} / r)\big)_t $$
 *
 * where
 * - z are the features of the shared trunk (`trunk/...`), ℓ_{t,n} is the loss of task t for row n;
 * - v_t, of the shape of one row of z, is at `alignment/<task>`, 0 at first, so that a_t = 1 and the network starts as
 *   hard sharing;
 * - D is a dense network (`discriminator/...`) with a logit per task; r is the root mean square of all g of the batch.
 *
 * Forwards a layer of alignment changes nothing; backwards the trunk gets Σ_t w_t (g_t ⊙ a_t) instead of Σ_t w_t g_t.
 * Heads get their own gradients as they are. At chance the term is log K; it is recorded, and so is the discriminator's
 * `accuracy`.
 *
 * @remarks From the paper alone. Departures: a_t stays positive and has mean 1, or the layers would win by letting no
 * gradient through; g is divided by r, since losses may be of any size. Gradients are taken with heads as in use
 * (without dropout), and only by rows with a label.
 * @throws `POLYTASK_ADVERSARY` for tasks with variables of their own, whose loss cannot be taken beside the run.
 * @example
 * ```ts
 * import { createTrainer, mlp, regression } from '@polytask/core';
 * import { gradientAdversarial } from '@polytask/adversarial';
 *
 * const trainer = await createTrainer({
 *   tasks: [regression('a'), regression('b')],
 *   sharing: gradientAdversarial({ encoder: mlp([8]), units: [4] }),
 *   inputs: { x: { shape: [3], dtype: 'float32' } },
 * });
 * const none = trainer.parameters?.layout.segments.filter(({ usedBy }) => usedBy.length === 0);
 * console.log(none?.map(({ path }) => path).slice(0, 2)); // => [ 'alignment/a', 'alignment/b' ]
 * trainer.dispose();
 * ```
 */
export const gradientAdversarial = /* @__PURE__ */ describePart('sharing', {
  name: 'gradient-adversarial',
  summary: 'One trunk for all tasks; layers scale the gradients of tasks so that a classifier cannot tell them apart.',
  cites: [
    {
      authors: 'A. Sinha, Z. Chen, V. Badrinarayanan and A. Rabinovich',
      title: 'Gradient adversarial training of neural networks',
      venue: 'arXiv',
      year: 2018,
      url: 'https://arxiv.org/abs/1806.08028',
    },
  ],
  options,
  make: ({ encoder, head, adapters, adversary, units, learningRate, reversal, anneal }) => ({
    bind({ tasks, inputs, scope }) {
      for (const task of tasks) requireNoVariables(task);
      const { specs, applyShared } = buildTaskInputs(scope, tasks, inputs, adapters);
      const trunk = buildEncoder(encoder, scope.child('trunk'), specs);
      const bodyOf = headBodies(head, tasks);
      const { shape } = trunk.output;
      const alignment = scope.child('alignment', { usedBy: [] });
      const heads = tasks.map((task) => {
        const place = scope.child('heads').child(task.name, { usedBy: [task.name] });
        return {
          task,
          built: buildHead(place, task, trunk.output, bodyOf(task.name)),
          exponents: alignment.variable(task.name, shape, zerosInitializer),
        };
      });
      const discriminator = buildDiscriminator(
        scope.child('discriminator', { usedBy: [], learningRate }),
        shape,
        tasks.length,
        units,
      );
      return {
        forward(tensors, step) {
          const { features: z, shared } = applyShared(tensors, step, trunk.apply);
          const outputs: Record<string, NamedTensors> = {};
          const features: Record<string, tf.Tensor> = {};
          for (const { task, built, exponents } of heads) {
            const found = built.apply(aligned(z[task.name] as tf.Tensor, factorsOf(exponents)), step);
            outputs[task.name] = found.outputs;
            features[task.name] = found.features;
          }
          const intermediates = Object.fromEntries(Object.entries(z).map(([name, one]) => [`aligned/${name}`, one]));
          return { outputs, features, shared, intermediates };
        },
        auxiliary: [
          {
            name: 'adversary',
            weight: adversary,
            logged: ['accuracy'],
            feeds: reversalFeeds(reversal, anneal),
            loss({ state, batch, feeds, constants, step }) {
              const inUse = { ...step, training: false };
              const found = heads.map(({ task, built }) => {
                const { name } = task;
                const z = state.intermediates[`aligned/${name}`] as tf.Tensor;
                const labelled = tf.cast(tf.greater(batch.weights[name] as tf.Tensor, 0), 'float32');
                const lossOf = () => {
                  const { outputs } = built.apply(z, inUse);
                  const losses = task.loss(outputs, batch.targets[name] as tf.Tensor, constants[name] ?? {}, {});
                  return tf.sum(tf.mul(losses, labelled));
                };
                const [gradient] = constantGradient(lossOf, [z]) as [tf.Tensor];
                return { gradient, labelled };
              });
              const rows = tf.concat(found.map(({ labelled }) => labelled));
              const count = tf.maximum(tf.sum(rows), 1);
              const squares = tf.addN(found.map(({ gradient }) => tf.sum(tf.square(gradient))));
              const size = tf.sqrt(tf.add(tf.div(squares, tf.mul(count, sizeOf(shape))), 1e-12));
              const scaled = found.map(({ gradient }, t) =>
                tf.mul(tf.div(gradient, size), factorsOf(heads[t]?.exponents as tf.Tensor)),
              );
              const logits = fooled(discriminator, tf.concat(scaled), feeds.lambda as tf.Tensor, adversary, step);
              const classes = found.map(({ labelled }, t) => {
                const row = found.map((_, at) => Number(at === t));
                return tf.tile(tf.tensor2d([row]), [labelled.size, 1]);
              });
              const { loss, accuracy } = discriminated(logits, tf.concat(classes), tf.div(rows, count));
              return { loss, logged: { accuracy } };
            },
          },
        ],
      };
    },
  }),
});

const sizeOf = (shape: readonly number[]) => shape.reduce((product, length) => product * length, 1);

/** a_t: positive, with mean 1. */
function factorsOf(exponents: tf.Tensor): tf.Tensor {
  // e^v over its mean is softmax times the number of entries, without large powers.
  const flat = tf.softmax(tf.reshape(exponents, [-1]));
  return tf.mul(tf.reshape(flat, exponents.shape), exponents.size);
}

/** The same numbers, whose gradient is multiplied by `factors` on the way back. */
function aligned(z: tf.Tensor, factors: tf.Tensor): tf.Tensor {
  const align = tf.customGrad((...given) => {
    const [inner, save] = given as unknown as [tf.Tensor, tf.GradSaveFunc];
    save([factors]);
    return {
      value: tf.clone(inner),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => tf.mul(dy, saved[0] as tf.Tensor),
    };
  });
  return align(z);
}

function requireNoVariables(task: AnyTask): void {
  if (task.variables === undefined) return;
  throw new PolytaskError(
    'POLYTASK_ADVERSARY',
    `\`gradient-adversarial\` takes the gradient of each task's loss by itself, but task \`${task.name}\` has variables of its own ` +
      'that its loss needs. Use a task without them.',
  );
}
