import {
  choice,
  describePart,
  extend,
  list,
  mapping,
  type OptionsOf,
  required,
  taskName,
  withDefault,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { perRow } from '../comparison.js';
import { predictedBy } from '../predicted.js';
import { requireLoss, requireTwo } from './agreement.js';
import { constrained, constraintOptions } from './constraint.js';
import { bindMap, mapOption } from './prediction-map.js';

const options = extend(constraintOptions, {
  to: required(taskName(), 'The task that all ways lead to.'),
  paths: required(
    list(
      mapping({
        from: required(taskName(), 'The task that the way goes by.'),
        map: mapOption('it', '`to`'),
      }),
      { least: 1 },
    ),
    'Other ways to it: { from, map }, with maps as for `consistency`.',
  ),
  loss: withDefault(
    choice('squared-error', 'absolute-error', 'huber', 'kl'),
    'absolute-error',
    'What it costs that a way ends elsewhere; kl, of probabilities: the divergence of the prediction from where the way ends.',
    'Zamir et al.',
  ),
});

/** Options of {@link pathIndependence} besides those of all auxiliary terms. */
export type PathIndependenceOptions = OptionsOf<typeof options>;

/**
 * Cross-task consistency: a prediction is the same by whatever way one comes to it, and how far the ways lie apart says how far a row's
 * predictions can be trusted.
 *
 * $$ \Omega = \frac{1}{|N|} \sum_{n \in N} \frac1J \sum_{j=1}^{J} d\big(\hat y_n,\, f_j(\hat x_{j,n})\big), \qquad
 * E_n = \operatorname{sd}\big(\hat y_n,\, f_1(\hat x_{1,n}),\, \dots,\, f_J(\hat x_{J,n})\big) $$
 *
 * where
 * - ŷ are the predictions of `to`, x̂_j those of the task that way j goes by, and f_j its map;
 * - d and N are as for `consistency`; in the paper d is the absolute error;
 * - E_n is the energy of a row: the (population) standard deviation of what all ways give, the mean of it over numbers or classes.
 *
 * The history has the mean `violation`. `trainer.inspect` has the `violation` and the `energy` of every row, labelled or not, and
 * `polytask predict --intermediates` writes them beside the predictions: rows of high energy are those that are likely to be wrong.
 *
 * @remarks In the paper the ways are networks that were trained on labels before and are kept as they are; here they are known maps or
 * functions. Each way counts the same: the paper's choice of ways by their losses is left out.
 * @throws As `consistency`.
 * @example
 * ```ts
 * import { pathIndependence } from '@polytask/complementarity';
 *
 * const area = pathIndependence({ to: 'size', paths: [{ from: 'class', map: [1, 4, 9] }, { from: 'width', map: { scale: 2 } }] });
 * console.log(area.name, area.options.loss); // => path-independence absolute-error
 * ```
 */
export const pathIndependence = /* @__PURE__ */ describePart('auxiliary', {
  name: 'path-independence',
  summary: 'A prediction is the same by way of other tasks; the spread of the ways is an error signal of every row.',
  cites: [
    {
      authors: 'A. Zamir, A. Sax, T. Yeo, O. Kar, N. Cheerla, R. Suri, Z. Cao, J. Malik and L. Guibas',
      title: 'Robust learning through cross-task consistency',
      venue: 'CVPR',
      year: 2020,
      url: 'https://arxiv.org/abs/2006.04096',
    },
  ],
  options,
  make: ({ to, paths, ...settings }) =>
    constrained(
      settings,
      ({ tasks }) => {
        const end = predictedBy(tasks, to, 'to');
        requireLoss(settings.loss, end);
        const ways = paths.map(({ from, map }, i) => {
          requireTwo(`paths[${i}].from`, to, from);
          return { from, map: bindMap(map, predictedBy(tasks, from, `paths[${i}].from`), end, `paths[${i}].map`) };
        });
        return {
          tasks: [...new Set([to, ...ways.map(({ from }) => from)])],
          comparisons: ({ predict, unit }) =>
            ways.map(({ from, map }) => ({
              kind: end.kind,
              found: predict(to),
              wanted: map(predict(from)),
              unit: unit(to),
            })),
          further({ predict }) {
            const ends = tf.stack([predict(to), ...ways.map(({ from, map }) => map(predict(from)))]);
            const apart = tf.sub(ends, tf.mean(ends, 0, true));
            return { energy: perRow(tf.sqrt(tf.mean(tf.square(apart), 0))) };
          },
        };
      },
      ['energy'],
    ),
});
