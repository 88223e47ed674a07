import * as tf from '@tensorflow/tfjs';
import type { Metric } from '../contracts/metric.js';
import type { LabelColumn, Task, TaskConstants } from '../contracts/task.js';
import { requireOption } from '../errors/invalid-option-error.js';
import { LabelError } from '../errors/label-error.js';
import { accuracy } from '../metrics/accuracy.js';
import { auc } from '../metrics/auc.js';
import { f1 } from '../metrics/f1.js';
import { logLoss } from '../metrics/log-loss.js';
import { type Described, withArguments } from '../options/describe-part.js';
import { type OptionsOf, optional, withDefault } from '../options/option.js';
import { choice, either, number, text, tuple } from '../options/takes.js';
import { noLabels, numbersOf } from './class-labels.js';
import { cooled } from './cooled.js';
import { sigmoidCrossEntropy } from './sigmoid-cross-entropy.js';
import { describeTask, named, type TaskOptions } from './task-options.js';

/** The probability from which on an answer is yes. */
export const thresholdOption = withDefault(
  either([choice('auto'), number({ above: 0, below: 1 })], 'auto, or a number between 0 and 1'),
  0.5,
  'Probability from which on the answer is yes; auto: in a run, the one with the best F1 on validation rows, and 0.5 until it is found.',
);

/** The threshold as a number. */
export const thresholdOf = (threshold: number | 'auto'): number => (threshold === 'auto' ? 0.5 : threshold);

const options = {
  labels: optional(
    tuple([text('a name'), text('a name')], 'two names, of the negative and the positive answer'),
    'Names of the negative and the positive answer.',
    '`negative` and `positive`; for tables, the two values that training rows have',
  ),
  threshold: thresholdOption,
  positiveWeight: withDefault(
    either([choice('balanced'), number({ above: 0 })], 'balanced, or a number above 0'),
    1,
    'Factor on the weights of positive rows; balanced: what makes both answers count the same.',
  ),
};

/** Options of {@link binary}. */
export type BinaryOptions<Label extends string, Metrics extends readonly Metric[]> = Omit<
  OptionsOf<typeof options>,
  'labels'
> &
  TaskOptions<Metrics> & {
    /** Names of the negative and the positive answer. Default `['negative', 'positive']`. */
    readonly labels?: readonly [negative: Label, positive: Label] | undefined;
  };

/** What {@link binary} predicts for one row. */
export interface BinaryPrediction<Label extends string = string> {
  readonly label: Label;
  /** Probability of the positive answer. */
  readonly probability: number;
}

/** The usual metrics of {@link binary}. */
export type BinaryMetrics = readonly [
  Metric<'accuracy', number>,
  Metric<'f1', number>,
  Metric<'auc', number>,
  Metric<'logLoss', number>,
];

const yesOrNo = describeTask(
  {
    name: 'binary',
    summary: 'A yes or no per row.',
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
  ({ name, threshold: given, positiveWeight, labels = ['negative', 'positive'] }) => {
    const threshold = thresholdOf(given);
    const [negative, positive] = labels;
    requireOption(negative !== positive, 'labels', 'two different names', labels);
    return {
      metrics: [accuracy({ threshold }), f1({ threshold }), auc(), logLoss()],
      problem: 'classification',
      label: 'class',
      target: { shape: [], dtype: 'float32' },
      outputs: { logits: [1] },
      calibrates: 'logits',
      prepare: (labels) => learnWeight(name, positiveWeight, labels),
      rowWeight(target, row, constants) {
        const value = checkLabel(name, target.data[row] as number, row);
        if (!(value >= 0)) return 0;
        const weight =
          positiveWeight === 'balanced' ? (numbersOf(name, constants, 'positiveWeight')[0] as number) : positiveWeight;
        return value * weight + 1 - value;
      },
      loss: (outputs, target) =>
        tf.tidy(() => {
          const logits = tf.reshape(outputs.logits as tf.Tensor, target.shape);
          const targets = target.dtype === 'float32' ? target : tf.cast(target, 'float32');
          return sigmoidCrossEntropy(logits, targets) as tf.Tensor1D;
        }),
      predict: (outputs, constants) =>
        tf.tidy(() => {
          const logits = cooled(outputs.logits as tf.Tensor, constants);
          return tf.sigmoid(tf.reshape(logits, [logits.shape[0] as number]));
        }),
      decode: ({ data }) =>
        Array.from(data, (probability) => ({ label: probability >= threshold ? positive : negative, probability })),
    };
  },
);

/**
 * A task with a yes or no per row, by sigmoid cross-entropy:
 *
 * $$ \ell = -t \log \sigma(z) - (1 - t) \log(1 - \sigma(z)) $$
 *
 * where $z$ is the head's one logit, $\sigma$ the sigmoid and $t$ the target: 0, 1, or a probability in between. The positive
 * weight $w$ multiplies the weights of rows by $t w + 1 - t$; `'balanced'` is the weighted number of negative training rows
 * over that of positive ones.
 *
 * Shapes: logits [rows, 1]; target [rows], float32 in [0, 1], or int32 0 or 1; predictions [rows].
 *
 * @remarks `torch.nn.BCEWithLogitsLoss` multiplies losses by `pos_weight` and averages over the number of rows; here the loss
 * is a weighted mean, as for class weights.
 * @throws `POLYTASK_INVALID_OPTION` for options out of range.
 * @throws `POLYTASK_LABELS` for a label that is not 0 or 1, a task without training labels, and a balanced weight where the
 * training labels are all the same.
 * @example
 * ```ts
 * import { binary } from '@polytask/core';
 *
 * const rain = binary('rain', { labels: ['dry', 'rain'] });
 * const [row] = rain.decode({ data: new Float32Array([0.75]), shape: [1] });
 * console.log(row?.label); // => rain
 * ```
 */
export const binary = withArguments(yesOrNo, named) as unknown as Described &
  (<
    const Name extends string,
    const Label extends string = 'negative' | 'positive',
    const Metrics extends readonly Metric[] = BinaryMetrics,
  >(
    name: Name,
    options?: BinaryOptions<Label, Metrics>,
  ) => Task<Name, NoInfer<Metrics>, BinaryPrediction<Label>>);

function checkLabel(task: string, value: number, row: number): number {
  if (value > 1) {
    throw new LabelError(
      task,
      `row ${row} has the label ${value}`,
      'Use 0 and 1, or `classification` for more classes.',
    );
  }
  return value;
}

function learnWeight(task: string, option: number | 'balanced', labels: LabelColumn): TaskConstants {
  let positive = 0;
  let total = 0;
  labels.weights.forEach((weight, row) => {
    const value = checkLabel(task, labels.targets.data[row] as number, row);
    if (!(value >= 0)) return;
    positive += weight * value;
    total += weight;
  });
  if (!(total > 0)) throw noLabels(task);
  if (option !== 'balanced') return {};
  if (positive === 0 || positive === total) {
    const problem = `every training label is ${positive === 0 ? 0 : 1}, so a balanced weight cannot be worked out`;
    throw new LabelError(task, problem, 'Give `positiveWeight` as a number, or check `column`.', 'positiveWeight');
  }
  return { positiveWeight: (total - positive) / positive };
}
