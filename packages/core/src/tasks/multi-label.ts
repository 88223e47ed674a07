import * as tf from '@tensorflow/tfjs';
import type { Metric } from '../contracts/metric.js';
import type { LabelColumn, Task } from '../contracts/task.js';
import { requireOption } from '../errors/invalid-option-error.js';
import { LabelError } from '../errors/label-error.js';
import { accuracy } from '../metrics/accuracy.js';
import { macroF1, microF1 } from '../metrics/f1.js';
import { logLoss } from '../metrics/log-loss.js';
import { type Described, withArguments } from '../options/describe-part.js';
import { type OptionsOf, optional } from '../options/option.js';
import { text } from '../options/takes.js';
import { thresholdOf, thresholdOption } from './binary.js';
import { noLabels } from './class-labels.js';
import { classNames, countOrNames } from './class-names.js';
import { cooled } from './cooled.js';
import { sigmoidCrossEntropy } from './sigmoid-cross-entropy.js';
import { columnsOption, describeTask, minCountOption, named, type TaskOptions } from './task-options.js';

const options = {
  labels: optional(
    countOrNames(1, 'label'),
    'Number of labels, or their names in column order.',
    '`columns`; for tables with one column, those that training rows have',
  ),
  columns: columnsOption,
  separator: optional(
    text('a text'),
    'For tables, where all labels are in one column: what is between them, unless the column has lists.',
    '`|`',
  ),
  minCount: minCountOption('left out'),
  threshold: thresholdOption,
};

/** Options of {@link multiLabel}. */
export type MultiLabelOptions<Label extends string, Metrics extends readonly Metric[]> = Omit<
  OptionsOf<typeof options>,
  'labels' | 'columns'
> &
  TaskOptions<Metrics> & {
    /** Number of labels, or their names in column order; at least 1. */
    readonly labels: number | readonly Label[];
  };

/** What {@link multiLabel} predicts for one row. */
export interface MultiLabelPrediction<Label extends string = string> {
  /** Names of the labels that the row has; their numbers as text where labels have no names. */
  readonly labels: readonly Label[];
  /** Probability of every label, in column order. */
  readonly probabilities: readonly number[];
}

/** The usual metrics of {@link multiLabel}. */
export type MultiLabelMetrics = readonly [
  Metric<'macroF1', number>,
  Metric<'microF1', number>,
  Metric<'accuracy', number>,
  Metric<'logLoss', number>,
];

const severalLabels = describeTask(
  {
    name: 'multi-label',
    summary: 'Several yes-or-no labels per row.',
    cites: [
      {
        authors: 'C. M. Bishop',
        title: 'Pattern recognition and machine learning, section 4.3.2',
        venue: 'Springer',
        year: 2006,
        url: 'https://www.microsoft.com/en-us/research/publication/pattern-recognition-machine-learning/',
      },
    ],
    options,
  },
  ({ name, columns, labels = columns, threshold: given }) => {
    const threshold = thresholdOf(given);
    requireOption(
      labels !== undefined,
      'labels',
      'a number of labels, or their names; or `columns` of a table; only a table finds them out',
      labels,
    );
    const names = classNames('labels', labels as NonNullable<typeof labels>);
    const at = { threshold };
    return {
      metrics: [macroF1(at), microF1(at), accuracy(at), logLoss()],
      problem: 'classification',
      label: 'vector',
      target: { shape: [names.length], dtype: 'float32' },
      outputs: { logits: [names.length] },
      calibrates: 'logits',
      prepare(labels) {
        checkLabels(name, labels);
        return {};
      },
      loss: (outputs, target) =>
        tf.tidy(() => {
          const known = tf.greaterEqual(target, 0);
          const mask = tf.cast(known, 'float32');
          const losses = sigmoidCrossEntropy(
            outputs.logits as tf.Tensor,
            tf.where(known, target, tf.zerosLike(target)),
          );
          return tf.div(tf.sum(tf.mul(losses, mask), 1), tf.maximum(tf.sum(mask, 1), 1)) as tf.Tensor1D;
        }),
      predict: ({ logits }, constants) => tf.tidy(() => tf.sigmoid(cooled(logits as tf.Tensor, constants))),
      decode: ({ data }) =>
        Array.from({ length: data.length / names.length }, (_, row) => {
          const probabilities = names.map((_, label) => data[row * names.length + label] as number);
          return { labels: names.filter((_, label) => (probabilities[label] as number) >= threshold), probabilities };
        }),
    };
  },
);

/**
 * A task with several yes-or-no labels per row, of which any number may apply and any may be unknown:
 *
 * $$ \ell = \frac{1}{|K|} \sum_{l \in K} -t_l \log \sigma(z_l) - (1 - t_l) \log(1 - \sigma(z_l)) $$
 *
 * where $z_l$ are the head's logits, $\sigma$ is the sigmoid, $t_l \in [0, 1]$ the targets and $K$ the labels that are known in
 * this row. A row without a known label has loss 0.
 *
 * Shapes: logits, target (float32, NaN where unknown) and predictions [rows, labels].
 *
 * @remarks Each row counts once, however many of its labels are known. Negative targets count as unknown, like NaN.
 * @throws `POLYTASK_INVALID_OPTION` for options out of range.
 * @throws `POLYTASK_LABELS` for a training label above 1 and a task without training labels.
 * @example
 * ```ts
 * import { multiLabel } from '@polytask/core';
 *
 * const genres = multiLabel('genres', { labels: ['drama', 'comedy', 'war'] });
 * const [row] = genres.decode({ data: new Float32Array([0.9, 0.2, 0.6]), shape: [1, 3] });
 * console.log(row?.labels); // => [ 'drama', 'war' ]
 * ```
 */
export const multiLabel = withArguments(severalLabels, named) as unknown as Described &
  (<
    const Name extends string,
    const Label extends string = string,
    const Metrics extends readonly Metric[] = MultiLabelMetrics,
  >(
    name: Name,
    options: MultiLabelOptions<Label, Metrics>,
  ) => Task<Name, NoInfer<Metrics>, MultiLabelPrediction<Label>>);

function checkLabels(task: string, { targets, weights }: LabelColumn): void {
  const perRow = targets.shape[1] as number;
  let known = false;
  targets.data.forEach((value, i) => {
    const row = Math.floor(i / perRow);
    if (value > 1) {
      const problem = `label ${i % perRow} of row ${row} is ${value}`;
      throw new LabelError(task, problem, 'Labels must be in [0, 1]; NaN stands for an unknown one.');
    }
    known ||= value >= 0 && (weights[row] as number) > 0;
  });
  if (!known) throw noLabels(task);
}
