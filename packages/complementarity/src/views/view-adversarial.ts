import {
  choice,
  constantGradient,
  describePart,
  extend,
  type ForwardState,
  InvalidOptionError,
  list,
  type NamedTensors,
  number,
  type OptionsOf,
  optional,
  stopGradient,
  text,
  UnknownNameError,
  whole,
  withDefault,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { rampFeeds } from '../ramp-up.js';
import { agreeing, agreeingOn, agreement, agreementOptions, apartName, disagreement } from './agreement.js';
import { normals } from './view.js';

const options = extend(agreementOptions, {
  loss: withDefault(
    choice('squared-error', 'kl'),
    'kl',
    'What it costs that probabilities differ: squares, or the divergence from what they ought to be. Numbers: squares always.',
    'Miyato et al.',
  ),
  direction: withDefault(
    choice('virtual', 'labels'),
    'virtual',
    'virtual: where predictions change most, which needs no label; labels: where the losses of labelled rows rise most, by signs.',
    'Miyato et al.',
  ),
  epsilon: withDefault(
    number({ above: 0 }),
    0.1,
    'Length of the step of a row under virtual, of each of its numbers under labels.',
  ),
  powerSteps: withDefault(whole({ from: 1 }), 1, 'Steps of the power method under virtual.', 'Miyato et al.'),
  probe: withDefault(number({ above: 0 }), 0.01, 'Length of the step after which the slope is taken under virtual.'),
  inputs: optional(
    list(text('the name of an input'), { least: 1 }),
    'Inputs of numbers that are moved.',
    'all of them',
  ),
});

/** Options of {@link viewAdversarial} besides those of all auxiliary terms. */
export type ViewAdversarialOptions = OptionsOf<typeof options>;

/**
 * Virtual adversarial training: predictions stay the same at the worst place near a row.
 *
 * $$ \Omega = \frac1K \sum_k \frac{1}{|N_k|} \sum_{n \in N_k} d\big(\hat y_k(x_n + r_n),\, \hat y_k(x_n)\big), \qquad
 * r_n = \varepsilon\, \frac{g_n}{\lVert g_n \rVert}, \qquad g_n = \nabla_{r} \textstyle\sum_k d\big(\hat y_k(x_n + r),\, \hat y_k(x_n)\big)\Big|_{r = \xi u_n} $$
 *
 * where
 * - u_n is a random direction of length 1 over all numbers of a row, ξ is the `probe`, ε is `epsilon`; more `powerSteps` begin again
 *   with g_n for u_n;
 * - under `direction: labels` instead $r_n = \varepsilon\, \mathrm{sign}\, \nabla_x \sum_k \ell_k(x_n)$ over the tasks that the row has a label of
 *   (the fast gradient sign), and 0 for rows without;
 * - ŷ(x) are constants, and d and N_k are as for `piModel`.
 *
 * Slopes are taken without dropout and with BatchNorm's averages, as constants. The history has `apart/<task>`, the mean difference in
 * units, and `moved`, the mean length of r.
 *
 * @remarks The paper has ξ = 10⁻⁶, whose effect is lost in float32. ε is in units of the inputs: with numbers that are standardised, and
 * pixels in 0 … 1, try 0.1 to 1. Only inputs of numbers are moved; a step costs two more passes for each power step and one more.
 * @throws `POLYTASK_UNKNOWN_NAME` for tasks and inputs that there are not; `POLYTASK_INVALID_OPTION` where no input is of numbers.
 * @example
 * ```ts
 * import { viewAdversarial } from '@polytask/complementarity';
 *
 * const smooth = viewAdversarial({ epsilon: 0.5, weight: 0.3 });
 * console.log(smooth.name, smooth.options.loss); // => view-adversarial kl
 * ```
 */
export const viewAdversarial = /* @__PURE__ */ describePart('auxiliary', {
  name: 'view-adversarial',
  summary: 'Predictions stay the same under the small change of the inputs that would change them most.',
  cites: [
    {
      authors: 'T. Miyato, S. Maeda, M. Koyama and S. Ishii',
      title: 'Virtual adversarial training: a regularization method for supervised and semi-supervised learning',
      venue: 'IEEE TPAMI 41',
      year: 2019,
      url: 'https://arxiv.org/abs/1704.03976',
    },
    {
      authors: 'I. J. Goodfellow, J. Shlens and C. Szegedy',
      title: 'Explaining and harnessing adversarial examples',
      venue: 'ICLR',
      year: 2015,
      url: 'https://arxiv.org/abs/1412.6572',
      note: '`direction: labels`.',
    },
  ],
  options,
  make: ({ direction, epsilon, powerSteps, probe, inputs: chosen, ...settings }) => ({
    bind(context) {
      const predicted = agreeing(settings, context);
      const names = movable(context.inputs, chosen);
      return {
        logged: [...predicted.map(({ task }) => apartName(task.name)), 'moved'],
        actsOn: agreeingOn(predicted, settings),
        feeds: rampFeeds(settings.ramp),
        loss({ feeds, forward, predict, rowLosses, ...input }) {
          const { batch, constants, step } = input;
          const still = names.map((name) => batch.inputs[name] as tf.Tensor);
          const named = (parts: readonly tf.Tensor[]) =>
            Object.fromEntries(names.map((name, i) => [name, parts[i] as tf.Tensor]));
          const at = (moves: readonly tf.Tensor[]): NamedTensors => ({
            ...batch.inputs,
            ...named(still.map((x, i) => tf.add(x, moves[i] as tf.Tensor))),
          });
          const inUse = (inputs?: NamedTensors): ForwardState => forward(inputs, { training: false });
          const ofLabels = () => {
            const losses = (inputs: NamedTensors) => {
              const state = inUse(inputs);
              const each = predicted.map(({ task: { name } }) => {
                const labelled = tf.cast(tf.greater(batch.weights[name] as tf.Tensor, 0), 'float32');
                return tf.sum(tf.mul(rowLosses(name, state), labelled));
              });
              return tf.addN(each);
            };
            const slopes = constantGradient(() => losses({ ...batch.inputs, ...named(still) }), still);
            return slopes.map((slope) => tf.mul(tf.sign(slope), epsilon));
          };
          const virtual = () => {
            const reference = inUse();
            const wanted = Object.fromEntries(
              predicted.map(({ task: { name } }) => [name, stopGradient(predict(name, reference))]),
            );
            let directions = unit(still.map((x, i) => normals(x.shape, step.uniform, `direction/${i}`)));
            for (let i = 0; i < powerSteps; i++) {
              const probes = directions.map((one) => tf.mul(one, probe));
              const change = () => {
                const state = inUse(at(probes));
                const each = predicted.map((one) => {
                  const { name } = one.task;
                  return tf.sum(
                    disagreement(one, settings.loss, constants, predict(name, state), wanted[name] as tf.Tensor).costs,
                  );
                });
                return tf.addN(each);
              };
              directions = unit(constantGradient(change, probes));
            }
            return directions.map((one) => tf.mul(one, epsilon));
          };
          const moves = direction === 'virtual' ? virtual() : ofLabels();
          const view = forward(at(moves));
          const { loss, logged } = agreement(
            predicted,
            settings,
            input,
            (task) => predict(task, view),
            (task) => stopGradient(predict(task)),
          );
          return { loss: tf.mul(loss, feeds.ramp as tf.Tensor), logged: { ...logged, moved: tf.mean(lengths(moves)) } };
        },
      };
    },
  }),
});

/** The inputs that are moved. */
function movable(
  specs: { readonly [input: string]: { readonly dtype: string; readonly mask?: string } },
  chosen: readonly string[] | undefined,
): readonly string[] {
  const masks = Object.values(specs).map(({ mask }) => mask);
  const numbers = Object.keys(specs).filter((name) => specs[name]?.dtype === 'float32' && !masks.includes(name));
  chosen?.forEach((name, i) => {
    if (!numbers.includes(name)) throw new UnknownNameError('input of numbers', name, numbers, `inputs[${i}]`);
  });
  if (numbers.length === 0) {
    throw new InvalidOptionError('inputs', 'inputs of numbers, which this model has not', Object.keys(specs));
  }
  return chosen ?? numbers;
}

/** Euclidean lengths of rows over all of several tensors, `[rows]`. */
function lengths(parts: readonly tf.Tensor[]): tf.Tensor {
  const squares = parts.map((part) => tf.sum(tf.reshape(tf.square(part), [part.shape[0] as number, -1]), 1));
  return tf.sqrt(tf.addN(squares));
}

/** The same directions, with length 1 in every row; rows of zeros stay so. */
function unit(parts: readonly tf.Tensor[]): tf.Tensor[] {
  // Tiny numbers first to a size whose square is one.
  const sizes = parts.map((part) => tf.max(tf.reshape(tf.abs(part), [part.shape[0] as number, -1]), 1));
  const largest = sizes.reduce((a, b) => tf.maximum(a, b));
  const per = (rows: tf.Tensor, part: tf.Tensor) =>
    tf.reshape(
      rows,
      part.shape.map((length, i) => (i === 0 ? length : 1)),
    );
  const whole = tf.where(tf.greater(largest, 0), largest, tf.onesLike(largest));
  const scaled = parts.map((part) => tf.div(part, per(whole, part)));
  const norms = tf.maximum(lengths(scaled), 1e-12);
  return scaled.map((part) => tf.div(part, per(norms, part)));
}
