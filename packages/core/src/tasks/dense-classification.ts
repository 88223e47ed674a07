import * as tf from '@tensorflow/tfjs';
import type { Metric } from '../contracts/metric.js';
import type { Task } from '../contracts/task.js';
import type { HostTensor } from '../contracts/tensors.js';
import { ShapeMismatchError } from '../errors/shape-mismatch-error.js';
import { accuracy } from '../metrics/accuracy.js';
import { macroF1 } from '../metrics/f1.js';
import { logLoss } from '../metrics/log-loss.js';
import { type Described, withArguments } from '../options/describe-part.js';
import { type OptionsOf, required } from '../options/option.js';
import { list, whole } from '../options/takes.js';
import {
  classConstants,
  classWeightsOf,
  classWeightsOption,
  countClasses,
  eachClass,
  weightsById,
} from './class-labels.js';
import { classNames, countOrNames } from './class-names.js';
import type { ClassificationMetrics } from './classification.js';
import { oneHotFloats } from './one-hot.js';
import { softmaxCrossEntropy } from './softmax-cross-entropy.js';
import { describeTask, named, type TaskOptions } from './task-options.js';

const options = {
  classes: required(countOrNames(2, 'class'), 'Number of classes, or their names in the order of their ids.'),
  positions: required(
    list(whole({ from: 1 }), { least: 1 }),
    "Shape of one row's target: [48] for 48 tokens, [64, 64] for an image; the features must bring these lengths along.",
  ),
  classWeights: classWeightsOption,
};

/** Options of {@link denseClassification}. */
export type DenseClassificationOptions<Label extends string, Metrics extends readonly Metric[]> = Omit<
  OptionsOf<typeof options>,
  'classes'
> &
  TaskOptions<Metrics> & {
    /** Number of classes, or their names in the order of their ids; at least 2. */
    readonly classes: number | readonly Label[];
  };

/** What {@link denseClassification} predicts for one row; everything in row-major order of the positions. */
export interface DensePrediction<Label extends string = string> {
  /** Name of the most probable class at every position; its id as text where classes have no names. */
  readonly labels: readonly Label[];
  /** Id of the most probable class at every position. */
  readonly indices: Int32Array;
  /** `[...positions, classes]`, flat. */
  readonly probabilities: Float32Array;
  /** The positions' shape. */
  readonly shape: readonly number[];
}

const everywhere = describeTask(
  {
    name: 'dense-classification',
    summary: 'A class at every position of a row: per token, per pixel.',
    cites: [
      {
        authors: 'J. Long, E. Shelhamer and T. Darrell',
        title: 'Fully convolutional networks for semantic segmentation',
        venue: 'CVPR',
        year: 2015,
        url: 'https://arxiv.org/abs/1411.4038',
      },
    ],
    options,
  },
  ({ name, classes: given, classWeights, positions }) => {
    const names = classNames('classes', given);
    const classes = names.length;
    const weights = weightsById(classWeights, names);
    return {
      metrics: [accuracy(), macroF1(), logLoss()],
      problem: 'classification',
      target: { shape: positions, dtype: 'int32' },
      outputs: { logits: [...positions.map(() => null), classes] },
      prepare: (labels) => classConstants(name, weights, countClasses(name, classes, labels)),
      rowWeight(target, row) {
        let labelled = 0;
        eachClass(name, classes, target, row, () => {
          labelled = 1;
        });
        return labelled;
      },
      loss(outputs, target, constants) {
        const logits = outputs.logits as tf.Tensor;
        checkPositions(name, logits, target);
        const byId = classWeightsOf(name, weights, constants);
        return tf.tidy(() => denseLoss(logits, target, classes, byId));
      },
      predict: (outputs) => tf.softmax(outputs.logits as tf.Tensor),
      decode: (predictions) => decodeDense(predictions, names),
    };
  },
);

/**
 * A task with a class at every position of a row: per token of a text, per pixel of an image.
 *
 * $$ \ell = \frac{\sum_{p \in K} w_{y_p}\, (-\log \mathrm{softmax}(z_p)_{y_p})}{\sum_{p \in K} w_{y_p}} $$
 *
 * where $z_p$ are the logits at position $p$, $y_p$ is its class, $w$ are the class weights (1 without the option) and $K$ the
 * positions that have a label. A row without any has loss 0 and, through `rowWeight`, weight 0.
 *
 * Shapes: logits and predictions [rows, ...positions, C]; target class ids [rows, ...positions] int32, −1 where a position is to be
 * ignored, or distributions [rows, ...positions, C] float32, NaN or 0 throughout where it is.
 *
 * @remarks Each row counts once, however many of its positions have a label; metrics count positions. Positions have fixed
 * lengths since programs have fixed shapes: pad shorter rows and give the padding −1.
 * @throws `POLYTASK_INVALID_OPTION` for options out of range.
 * @throws `POLYTASK_LABELS` for a class id that is not below `classes`, a task without training labels, and balanced weights
 * where a class has no training label.
 * @throws `POLYTASK_SHAPE_MISMATCH` where the logits have other positions than the target.
 * @example
 * ```ts
 * import { denseClassification } from '@polytask/core';
 *
 * const tags = denseClassification('tags', { classes: ['noun', 'verb'], positions: [2] });
 * const [row] = tags.decode({ data: new Float32Array([0.9, 0.1, 0.2, 0.8]), shape: [1, 2, 2] });
 * console.log(row?.labels); // => [ 'noun', 'verb' ]
 * ```
 */
export const denseClassification = withArguments(everywhere, named) as unknown as Described &
  (<
    const Name extends string,
    const Label extends string = string,
    const Metrics extends readonly Metric[] = ClassificationMetrics,
  >(
    name: Name,
    options: DenseClassificationOptions<Label, Metrics>,
  ) => Task<Name, NoInfer<Metrics>, DensePrediction<Label>>);

function checkPositions(task: string, logits: tf.Tensor, target: tf.Tensor): void {
  const found = logits.shape.slice(0, -1);
  const fits = target.rank === logits.rank - 1 || target.rank === logits.rank;
  if (fits && found.every((length, i) => length === target.shape[i])) return;
  throw new ShapeMismatchError(
    `The output \`logits\` of task \`${task}\``,
    [...target.shape.slice(0, logits.rank - 1), logits.shape.at(-1) as number],
    logits.shape,
    'The features must have the same positions as the target; check `positions` and the strides of the encoder.',
  );
}

function denseLoss(logits: tf.Tensor, target: tf.Tensor, classes: number, weights?: readonly number[]): tf.Tensor1D {
  const rows = logits.shape[0] as number;
  const flat = tf.reshape(logits, [rows, logits.size / rows / classes, classes]);
  const { targets, labelled } = readTargets(
    target,
    flat.shape as [number, number, number],
    target.rank === logits.rank,
  );
  let share = labelled;
  if (weights !== undefined) share = tf.mul(share, tf.sum(tf.mul(targets, tf.tensor1d([...weights])), -1));
  const losses = softmaxCrossEntropy(flat, targets);
  return tf.div(tf.sum(tf.mul(losses, share), 1), tf.maximum(tf.sum(share, 1), 1e-12)) as tf.Tensor1D;
}

/** Distributions [rows, P, C], and [rows, P] with 1 where a position has a label and 0 where it has none. */
function readTargets(target: tf.Tensor, shape: [number, number, number], distributions: boolean) {
  if (!distributions) {
    const ids = tf.reshape(target, [shape[0], shape[1]]);
    return { targets: oneHotFloats(ids, shape[2]), labelled: tf.cast(tf.greaterEqual(ids, 0), 'float32') };
  }
  const given = tf.reshape(target, shape);
  const targets = tf.where(tf.greaterEqual(given, 0), given, tf.zerosLike(given));
  return { targets, labelled: tf.sum(targets, -1) };
}

function decodeDense<Label extends string>(
  { data, shape }: HostTensor,
  names: readonly Label[],
): readonly DensePrediction<Label>[] {
  const positions = shape.slice(1, -1);
  const classes = names.length;
  const perRow = data.length / (shape[0] as number);
  return Array.from({ length: shape[0] as number }, (_, row) => {
    const probabilities = Float32Array.from(data.subarray(row * perRow, (row + 1) * perRow));
    const indices = new Int32Array(perRow / classes);
    for (let p = 0; p < indices.length; p++) {
      const at = probabilities.subarray(p * classes, (p + 1) * classes);
      indices[p] = Math.max(0, at.indexOf(Math.max(...at)));
    }
    return { labels: Array.from(indices, (index) => names[index] as Label), indices, probabilities, shape: positions };
  });
}
