import {
  choice,
  describePart,
  extend,
  type OptionsOf,
  optional,
  required,
  stopGradient,
  taskName,
  withDefault,
} from '@polytask/core';
import { predictedBy } from '../predicted.js';
import { requireLoss, requireTwo } from './agreement.js';
import { constrained, constraintOptions } from './constraint.js';
import { bindMap, mapOption } from './prediction-map.js';

const options = extend(constraintOptions, {
  from: required(taskName(), 'The task whose prediction is mapped.'),
  to: required(taskName(), 'The task whose prediction must agree with it.'),
  map: mapOption('`from`', '`to`'),
  loss: withDefault(
    choice('squared-error', 'absolute-error', 'huber', 'kl'),
    'squared-error',
    'What a disagreement costs; kl, of probabilities: the divergence of what `to` predicts from what is mapped.',
  ),
  stopGradient: optional(
    choice('from', 'to'),
    'The side that is a constant, so that the other one alone learns from it.',
    'neither',
  ),
});

/** Options of {@link consistency} besides those of all auxiliary terms. */
export type ConsistencyOptions = OptionsOf<typeof options>;

/**
 * What one task predicts says what another one must: the two agree by a known map, on rows without labels too.
 *
 * $$ \Omega = \frac{1}{|N|} \sum_{n \in N} d\big(\hat b_n,\, f(\hat a_n)\big) $$
 *
 * where
 * - â_n are predictions of `from`, b̂_n those of `to`: probabilities, or amounts in units;
 * - f is the `map`: of classes the expectation, $f(\hat a) = \hat a^\top M$ with a row of M for each class; an affine function of
 *   amounts; a function in code; left out, the predictions themselves must be the same, such as those of tasks that read
 *   the same text in two languages;
 * - d is the squared error, the absolute error, Huber's loss (summed over classes, the mean over numbers), or
 *   $\mathrm{KL}(f(\hat a) \,\|\, \hat b)$; amounts are compared in standard deviations of the labels of `to`, where the task
 *   learned one (`standardize`);
 * - N are the `rows` that count: the term is a mean over these, 0 where a batch has none.
 *
 * The history has the mean `violation`: the difference in units, of distributions half the sum of differences. `trainer.inspect` and
 * `polytask predict --intermediates` give it for every row.
 *
 * @remarks A map that is wrong pulls predictions from their labels: the violation stays high while the losses rise. A batch without
 * any label is a step of the term alone, so that it counts more often than labels where these are few: `weight` and larger batches are
 * against that. For the order of first labels and then constraints use `ramp`.
 * @throws `POLYTASK_UNKNOWN_NAME` for tasks and classes that there are not; `POLYTASK_INVALID_OPTION` for a map that does not lead
 * from the one kind of prediction to the other; `POLYTASK_CONSTRAINT` where the two tasks have rows of their own.
 * @example
 * ```ts
 * import { consistency } from '@polytask/complementarity';
 *
 * // Classes 0 … 3 of `shape` are round, round, square, square.
 * const parity = consistency({ from: 'shape', to: 'outline', map: [0, 0, 1, 1], rows: 'lacking-one', ramp: 2 });
 * const fahrenheit = consistency({ from: 'celsius', to: 'fahrenheit', map: { scale: 1.8, offset: 32 } });
 * console.log(parity.name, fahrenheit.options.loss); // => consistency squared-error
 * ```
 */
export const consistency = /* @__PURE__ */ describePart('auxiliary', {
  name: 'consistency',
  summary: 'Predictions of two tasks agree by a known map, also on rows without labels.',
  cites: [
    {
      authors: 'A. Zamir, A. Sax, T. Yeo, O. Kar, N. Cheerla, R. Suri, Z. Cao, J. Malik and L. Guibas',
      title: 'Robust learning through cross-task consistency',
      venue: 'CVPR',
      year: 2020,
      url: 'https://arxiv.org/abs/2006.04096',
      note: 'There maps are networks that are learned before; here they are known.',
    },
    {
      authors: 'M. R. Hestenes',
      title: 'Multiplier and gradient methods',
      venue: 'Journal of Optimization Theory and Applications 4',
      year: 1969,
      url: 'https://doi.org/10.1007/BF00927673',
      note: '`multipliers`, of all constraints.',
    },
    {
      authors: 'Y. Nandwani, A. Pathak, Mausam and P. Singla',
      title: 'A primal dual formulation for deep learning with constraints',
      venue: 'NeurIPS',
      year: 2019,
      url: 'https://proceedings.neurips.cc/paper_files/paper/2019/hash/cf708fc1decf0337aded484f8f4519ae-Abstract.html',
      note: 'Multipliers that move while a network learns, one per constraint.',
    },
  ],
  options,
  make: ({ from, to, map, stopGradient: side, ...settings }) =>
    constrained(settings, ({ tasks }) => {
      requireTwo('to', from, to);
      const [given, wanted] = [predictedBy(tasks, from, 'from'), predictedBy(tasks, to, 'to')];
      const mapped = bindMap(map, given, wanted, 'map');
      requireLoss(settings.loss, wanted);
      return {
        tasks: [from, to],
        learning: [from, to].filter((task) => task !== (side === 'from' ? from : side === 'to' ? to : undefined)),
        comparisons({ predict, unit }) {
          const [a, b] = [mapped(predict(from)), predict(to)];
          return [
            {
              kind: wanted.kind,
              unit: unit(to),
              found: side === 'to' ? stopGradient(b) : b,
              wanted: side === 'from' ? stopGradient(a) : a,
            },
          ];
        },
      };
    }),
});
