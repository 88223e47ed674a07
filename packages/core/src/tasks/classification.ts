import * as tf from '@tensorflow/tfjs';
import type { Metric } from '../contracts/metric.js';
import type { Task } from '../contracts/task.js';
import { requireOption } from '../errors/invalid-option-error.js';
import { accuracy } from '../metrics/accuracy.js';
import { macroF1 } from '../metrics/f1.js';
import { logLoss } from '../metrics/log-loss.js';
import { type Described, withArguments } from '../options/describe-part.js';
import { type OptionsOf, optional, withDefault } from '../options/option.js';
import { number, text } from '../options/takes.js';
import {
  classConstants,
  classWeightsOf,
  classWeightsOption,
  countClasses,
  eachClass,
  weightsById,
} from './class-labels.js';
import { classNames, countOrNames } from './class-names.js';
import { cooled } from './cooled.js';
import { oneHotFloats } from './one-hot.js';
import { softmaxCrossEntropy } from './softmax-cross-entropy.js';
import { describeTask, minCountOption, named, type TaskOptions } from './task-options.js';

const options = {
  classes: optional(
    countOrNames(2, 'class'),
    'Number of classes, or their names in the order of their ids.',
    'for tables, those that training rows have',
  ),
  minCount: minCountOption('joined into one'),
  other: optional(text('a name'), 'For tables: what the class is called that rare ones are joined into.', 'other'),
  classWeights: classWeightsOption,
  labelSmoothing: withDefault(
    number({ from: 0, below: 1 }),
    0,
    'Share of every target that is spread evenly over all classes.',
  ),
};

/** Options of {@link classification}. */
export type ClassificationOptions<Label extends string, Metrics extends readonly Metric[]> = Omit<
  OptionsOf<typeof options>,
  'classes'
> &
  TaskOptions<Metrics> & {
    /** Number of classes, or their names in the order of their ids; at least 2. */
    readonly classes: number | readonly Label[];
  };

/** What {@link classification} predicts for one row. */
export interface ClassPrediction<Label extends string = string> {
  /** Name of the most probable class; its id as text where classes have no names. */
  readonly label: Label;
  /** Id of the most probable class. */
  readonly index: number;
  /** Probability of that class. */
  readonly probability: number;
  /** Probabilities of all classes, in the order of their ids. */
  readonly probabilities: readonly number[];
}

/** The usual metrics of {@link classification}. */
export type ClassificationMetrics = readonly [
  Metric<'accuracy', number>,
  Metric<'macroF1', number>,
  Metric<'logLoss', number>,
];

const oneOfSeveral = describeTask(
  {
    name: 'classification',
    summary: 'One of several classes per row.',
    cites: [
      {
        authors: 'C. Szegedy, V. Vanhoucke, S. Ioffe, J. Shlens and Z. Wojna',
        title: 'Rethinking the Inception architecture for computer vision',
        venue: 'CVPR',
        year: 2016,
        url: 'https://arxiv.org/abs/1512.00567',
        note: "Label smoothing, `labelSmoothing`. The paper's value is 0.1.",
      },
      {
        authors: 'G. King and L. Zeng',
        title: 'Logistic regression in rare events data',
        venue: 'Political Analysis 9',
        year: 2001,
        url: 'https://doi.org/10.1093/oxfordjournals.pan.a004868',
        note: "Balanced weights, `classWeights: 'balanced'`.",
      },
    ],
    options,
  },
  ({ name, classes: given, classWeights, labelSmoothing }) => {
    requireOption(
      given !== undefined,
      'classes',
      'a number of classes, or their names; only a table finds them out',
      given,
    );
    const names = classNames('classes', given as NonNullable<typeof given>);
    const classes = names.length;
    const weights = weightsById(classWeights, names);
    return {
      metrics: [accuracy(), macroF1(), logLoss()],
      problem: 'classification',
      label: 'class',
      target: { shape: [], dtype: 'int32' },
      outputs: { logits: [classes] },
      calibrates: 'logits',
      prepare: (labels) => classConstants(name, weights, countClasses(name, classes, labels)),
      rowWeight(target, row, constants) {
        const byId = classWeightsOf(name, weights, constants);
        // A class id, as nearly every row has: at every row of every step, so without the visitor below.
        const id = target.data instanceof Int32Array ? (target.data[row] as number) : -1;
        if (id >= 0 && id < classes) return byId?.[id] ?? 1;
        let sum = 0;
        eachClass(name, classes, target, row, (label, share) => {
          sum += share * (byId === undefined ? 1 : (byId[label] as number));
        });
        return sum;
      },
      loss: (outputs, target) =>
        tf.tidy(() => {
          const logits = outputs.logits as tf.Tensor;
          return softmaxCrossEntropy(logits, distributions(target, classes, labelSmoothing)) as tf.Tensor1D;
        }),
      predict: ({ logits }, constants) => tf.tidy(() => tf.softmax(cooled(logits as tf.Tensor, constants))),
      decode: ({ data }) => decodeClasses(data, names),
    };
  },
);

/**
 * A task with one of several classes per row, by softmax cross-entropy:
 *
 * $$ \ell = -\sum_c t_c \log p_c, \qquad p = \mathrm{softmax}(z), \qquad t = (1 - \varepsilon)\, y + \varepsilon / C $$
 *
 * where $z$ are the head's logits, $y$ is the class as a distribution, $C$ the number of classes and $\varepsilon$ the label
 * smoothing. Class weights multiply the weights of rows: $w_y$, or $\sum_c y_c w_c$ for a distribution; `'balanced'` is
 * $w_c = n / (C\, n_c)$ with $n_c$ the weighted number of training rows of class $c$.
 *
 * Shapes: logits [rows, C]; target class ids [rows] int32, or distributions [rows, C] float32; predictions [rows, C].
 *
 * @remarks Loss weights average over rows as in `torch.nn.CrossEntropyLoss` with `weight`: a weighted mean, not a mean of
 * weighted losses. A row's own distribution is smoothed too, as there.
 * @throws `POLYTASK_INVALID_OPTION` for options out of range.
 * @throws `POLYTASK_LABELS` for a class id that is not below `classes`, a task without training labels, and balanced weights
 * where a class has no training label.
 * @example
 * ```ts
 * import { classification } from '@polytask/core';
 *
 * const species = classification('species', { classes: ['cat', 'dog'], classWeights: 'balanced' });
 * const [row] = species.decode({ data: new Float32Array([0.25, 0.75]), shape: [1, 2] });
 * console.log(row?.label); // => dog
 * ```
 */
export const classification = withArguments(oneOfSeveral, named) as unknown as Described &
  (<
    const Name extends string,
    const Label extends string = string,
    const Metrics extends readonly Metric[] = ClassificationMetrics,
  >(
    name: Name,
    options: ClassificationOptions<Label, Metrics>,
  ) => Task<Name, NoInfer<Metrics>, ClassPrediction<Label>>);

/** Targets [rows, C] from class ids [rows] or distributions [rows, C], smoothed. */
function distributions(target: tf.Tensor, classes: number, smoothing: number): tf.Tensor {
  const given = target.rank === 1 ? oneHotFloats(target, classes) : target;
  return smoothing === 0 ? given : tf.add(tf.mul(given, 1 - smoothing), smoothing / classes);
}

function decodeClasses<Label extends string>(
  data: ArrayLike<number>,
  names: readonly Label[],
): readonly ClassPrediction<Label>[] {
  const classes = names.length;
  return Array.from({ length: data.length / classes }, (_, row) => {
    const probabilities = names.map((_, c) => data[row * classes + c] as number);
    const probability = Math.max(...probabilities);
    const index = Math.max(0, probabilities.indexOf(probability));
    return { label: names[index] as Label, index, probability, probabilities };
  });
}
