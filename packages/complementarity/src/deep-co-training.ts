import {
  constantGradient,
  describePart,
  type ForwardState,
  list,
  number,
  type OptionsOf,
  optional,
  stopGradient,
  text,
  UnknownNameError,
  withDefault,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import {
  type AnswerKind,
  commonKind,
  decided,
  labelsLike,
  meanWhere,
  requireSameRows,
  standardized,
  unlabelled,
} from './answers.js';
import { pairOf, pairOption } from './pair.js';
import { rampFeeds } from './ramp-up.js';
import { anySelected } from './selected-rows.js';

const options = {
  tasks: pairOption,
  agreement: withDefault(number({ from: 0 }), 10, 'Weight of agreement on rows without a label.', 'paper'),
  difference: withDefault(number({ from: 0 }), 0.5, "Weight of resisting each other's adversarial rows.", 'paper'),
  epsilon: withDefault(
    number({ above: 0 }),
    0.02,
    'How far an input is moved to make an adversarial row.',
    'lcances, a reimplementation',
  ),
  rampUp: withDefault(number({ from: 0 }), 80, 'Epochs in which both weights rise from almost 0.', 'paper'),
  inputs: optional(list(text('the name of an input'), { least: 1 }), 'Which inputs are moved.', 'all float32 inputs'),
};

/** Options of {@link deepCoTraining} besides those of all auxiliary terms. */
export type DeepCoTrainingOptions = OptionsOf<typeof options>;

/**
 * Deep co-training: two tasks that predict the same thing agree on rows without a label, and are kept from becoming the same network,
 * since each resists rows that fool the other.
 *
 * $$ L = r\,\lambda_{a}\, \frac{1}{|U|} \sum_{n \in U} \mathrm{JS}(p_{1,n}, p_{2,n}) \; + \;
 * r\,\lambda_{d}\, \frac{1}{N} \sum_n \big[ \ell_1(o_1(\tilde x^{2}_n), \bar p_{2,n}) + \ell_2(o_2(\tilde x^{1}_n), \bar p_{1,n}) \big] $$
 *
 * $$ \mathrm{JS}(p, q) = H\big(\tfrac12 (p + q)\big) - \tfrac12 \big(H(p) + H(q)\big), \qquad
 * \tilde x^{k} = x + \varepsilon\, \operatorname{sign} \nabla_x\, \ell_k(o_k(x), y_k), \qquad r = e^{-5 (1 - t)^2} $$
 *
 * where
 * - U are the rows of the batch of which neither task has a label; H is the entropy;
 * - x̃^k is a row that fools task k: its y_k is the label, or where there is none what task k answers itself;
 * - ℓ_k is the task's own loss, a bar stands for constants, t is the part of `rampUp` that is done, 1 from then on.
 *
 * The history has `agreement` and `difference` without their weights.
 *
 * @remarks For numbers JS is their variance, (p − q)² / 4, in units of the labels' variance; rows without a label are then not moved, since
 * an answer of its own has no slope. What a task is to say of an adversarial row is held fixed, as the paper's equation leaves open and
 * known implementations do not. The slope by the inputs is taken in inference mode, so that it moves none of BatchNorm's averages.
 * @throws `POLYTASK_OTHER_ANSWERS` for tasks that cannot predict the same; `POLYTASK_SHAPE_MISMATCH` where they see different rows;
 * `POLYTASK_UNKNOWN_NAME` for an input that there is not, or that is not float32.
 * @example
 * ```ts
 * import { deepCoTraining } from '@polytask/complementarity';
 *
 * const term = deepCoTraining({ tasks: ['by-left-eye', 'by-right-eye'], rampUp: 20 });
 * console.log(term.options.agreement); // => 10
 * ```
 */
export const deepCoTraining = /* @__PURE__ */ describePart('auxiliary', {
  name: 'deep-co-training',
  summary:
    "Two tasks that predict the same thing agree on rows without a label, and resist each other's adversarial rows.",
  cites: [
    {
      authors: 'S. Qiao, W. Shen, Z. Zhang, B. Wang and A. Yuille',
      title: 'Deep co-training for semi-supervised image recognition',
      venue: 'ECCV',
      year: 2018,
      url: 'https://arxiv.org/abs/1803.05984',
    },
  ],
  options,
  make: ({ tasks: names, agreement, difference, epsilon, rampUp, inputs: moved }) => ({
    bind({ tasks, inputs }) {
      const pair = pairOf(tasks, names);
      const kind = commonKind('deep-co-training', pair);
      const floats = Object.keys(inputs).filter((name) => inputs[name]?.dtype === 'float32');
      for (const name of moved ?? []) {
        if (!floats.includes(name)) throw new UnknownNameError('float32 input', name, floats, 'inputs');
      }
      const movable = moved ?? floats;
      return {
        logged: ['agreement', 'difference'],
        feeds: rampFeeds(rampUp),
        actsOn({ weights }) {
          const both = pair.map(({ name }) => name);
          const agreeing =
            agreement > 0 &&
            anySelected(
              'unlabelled',
              both.map((name) => weights[name] ?? []),
            );
          return difference > 0 || agreeing ? both : undefined;
        },
        loss({ batch, constants, feeds, forward, predict, rowLosses }) {
          const said = pair.map(({ name }) => predict(name)) as [tf.Tensor, tf.Tensor];
          requireSameRows('deep-co-training', said);
          const [first, second] = pair.map(({ name }) => unlabelled(batch.weights[name] as tf.Tensor)) as [
            tf.Tensor,
            tf.Tensor,
          ];
          const apart = divergence(kind, said, constants[pair[0].name]);
          const agreed = meanWhere(apart, tf.mul(first, second));
          const xs = movable.map((name) => batch.inputs[name] as tf.Tensor);
          const changed = (by: readonly tf.Tensor[]) => ({
            ...batch.inputs,
            ...Object.fromEntries(movable.map((name, i) => [name, by[i] as tf.Tensor])),
          });
          /** Rows that fool a task. */
          const fooling = (k: 0 | 1): ForwardState => {
            const { name } = pair[k];
            const own = decided(kind, stopGradient(said[k]));
            const labels = labelsLike(`What task \`${name}\` predicts`, batch.targets[name] as tf.Tensor, own);
            const has = tf.reshape(tf.greater(batch.weights[name] as tf.Tensor, 0), [
              -1,
              ...own.shape.slice(1).map(() => 1),
            ]);
            const wanted = tf.where(tf.logicalAnd(has, tf.logicalNot(tf.isNaN(labels))), labels, own);
            const slopes = constantGradient(
              () => tf.sum(rowLosses(name, forward(changed(xs), { training: false }), wanted)),
              xs,
            );
            return forward(changed(xs.map((x, i) => tf.add(x, tf.mul(tf.sign(slopes[i] as tf.Tensor), epsilon)))));
          };
          const resists = (k: 0 | 1) => {
            const other = (1 - k) as 0 | 1;
            return tf.mean(rowLosses(pair[k].name, fooling(other), stopGradient(said[other])));
          };
          const differs = tf.add(resists(0), resists(1));
          const sum = tf.add(tf.mul(agreed, agreement), tf.mul(differs, difference));
          return { loss: tf.mul(sum, feeds.ramp as tf.Tensor), logged: { agreement: agreed, difference: differs } };
        },
      };
    },
  }),
});

/**
 * How far two answers are apart, row by row: the Jensen-Shannon divergence, or for numbers their variance.
 *
 * Shapes: two of predictions as the tasks give them → `[rows]`.
 */
export function divergence(
  kind: AnswerKind,
  [p, q]: readonly [tf.Tensor, tf.Tensor],
  constants: Parameters<typeof standardized>[1] = {},
): tf.Tensor {
  const perRow = (numbers: tf.Tensor) => {
    const rows = numbers.shape[0] as number;
    return numbers.rank === 1 ? numbers : tf.mean(tf.reshape(numbers, [rows, -1]), 1);
  };
  if (kind === 'amounts') return perRow(tf.div(tf.square(standardized(tf.sub(p, q), constants)), 4));
  const entropy = (of: tf.Tensor) => {
    const all = kind === 'chances' ? tf.stack([of, tf.sub(1, of)], -1) : of;
    return tf.neg(tf.sum(tf.mul(all, tf.log(tf.maximum(all, 1e-12))), -1));
  };
  const middle = entropy(tf.div(tf.add(p, q), 2));
  return perRow(tf.sub(middle, tf.div(tf.add(entropy(p), entropy(q)), 2)));
}
