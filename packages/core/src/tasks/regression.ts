import * as tf from '@tensorflow/tfjs';
import type { Metric } from '../contracts/metric.js';
import type { Task, TaskConstants } from '../contracts/task.js';
import { meanAbsoluteError } from '../metrics/mean-absolute-error.js';
import { rSquared } from '../metrics/r-squared.js';
import { rootMeanSquaredError } from '../metrics/root-mean-squared-error.js';
import { type Described, withArguments } from '../options/describe-part.js';
import { type OptionsOf, optional, withDefault } from '../options/option.js';
import { choice, either, flag, list, number, text, whole } from '../options/takes.js';
import { numbersOf } from './class-labels.js';
import { residualLoss } from './residual-loss.js';
import { standardization } from './standardization.js';
import { columnsOption, describeTask, named, type TaskOptions } from './task-options.js';

const options = {
  columns: columnsOption,
  loss: withDefault(
    choice('mse', 'mae', 'huber'),
    'mse',
    'What an error costs: its square, its size, or its square up to `delta` and its size beyond.',
  ),
  delta: withDefault(
    number({ above: 0 }),
    1,
    "Where Huber's loss turns from square to size, in the units of the loss.",
    'PyTorch',
  ),
  standardize: withDefault(
    flag(),
    true,
    'Whether the loss sees targets less their training mean, over their training standard deviation.',
  ),
  size: optional(whole({ from: 1 }), 'Length of vector targets.', 'that of `columns`, else a target is one number'),
  unit: optional(text('a unit'), 'Unit of the target, for reports.'),
  offset: optional(
    either([number(), list(number(), { least: 1 })], 'a number, or one per value of a vector'),
    'What has been taken off the targets, since float32 has not all of their digits; predictions get it back, as doubles.',
    'nothing',
  ),
};

/** Options of {@link regression}. */
export type RegressionOptions<Metrics extends readonly Metric[]> = Omit<OptionsOf<typeof options>, 'columns'> &
  TaskOptions<Metrics>;

/** The usual metrics of {@link regression}. */
export type RegressionMetrics = readonly [Metric<'rmse', number>, Metric<'mae', number>, Metric<'r2', number>];

const numbers = describeTask(
  {
    name: 'regression',
    summary: 'A number, or several, per row.',
    cites: [
      {
        authors: 'P. J. Huber',
        title: 'Robust estimation of a location parameter',
        venue: 'Annals of Mathematical Statistics 35',
        year: 1964,
        url: 'https://doi.org/10.1214/aoms/1177703732',
        note: "`loss: 'huber'`.",
      },
    ],
    options,
  },
  ({ name, loss, delta, standardize, columns, size = columns?.length, offset = 0 }) => {
    const width = size ?? 1;
    return {
      metrics: [rootMeanSquaredError(), meanAbsoluteError(), rSquared()],
      problem: 'regression',
      label: size === undefined ? 'number' : 'vector',
      target: { shape: size === undefined ? [] : [size], dtype: 'float32' },
      outputs: { value: [width] },
      prepare(labels) {
        const learned = standardization(name, width, labels, standardize);
        return standardize ? learned : {};
      },
      loss: (outputs, target, constants) =>
        tf.tidy(() => {
          const output = outputs.value as tf.Tensor;
          const wanted = standardize ? toStandard(target, name, constants) : target;
          if (size === undefined)
            return residualLoss(tf.reshape(output, target.shape), wanted, loss, delta) as tf.Tensor1D;
          const unknown = tf.isNaN(target);
          const known = tf.sub(1, tf.cast(unknown, 'float32'));
          const losses = residualLoss(output, tf.where(unknown, tf.zerosLike(target), wanted), loss, delta);
          return tf.div(tf.sum(tf.mul(losses, known), 1), tf.maximum(tf.sum(known, 1), 1)) as tf.Tensor1D;
        }),
      predict: (outputs, constants) =>
        tf.tidy(() => {
          const output = outputs.value as tf.Tensor;
          const rows = output.shape[0] as number;
          const value = tf.reshape(output, size === undefined ? [rows] : [rows, size]);
          if (!standardize) return value;
          const { mean, deviation } = constantTensors(name, constants, width);
          return tf.add(tf.mul(value, deviation), mean);
        }),
      decode({ data }) {
        const off = (column: number) => (typeof offset === 'number' ? offset : (offset[column] ?? 0));
        if (size === undefined) return Array.from(data, (value) => value + off(0));
        return Array.from({ length: data.length / size }, (_, row) =>
          Array.from(data.slice(row * size, (row + 1) * size), (value, column) => value + off(column)),
        );
      },
    };
  },
);

/**
 * A task with a number, or a vector of numbers, per row:
 *
 * $$ \ell = \frac{1}{|K|} \sum_{i \in K} \rho(e_i), \qquad e = z - (t - \mu) / \sigma $$
 *
 * where $z$ are the head's outputs, $t$ the targets, $\mu$ and $\sigma$ their weighted mean and (population) standard deviation
 * over the training labels, $K$ the entries of the row that are not NaN, and $\rho$ is $e^2$ (`'mse'`), $|e|$ (`'mae'`), or
 * $e^2 / 2$ for $|e| \le \delta$ and $\delta (|e| - \delta / 2)$ beyond (`'huber'`). Predictions are $\mu + \sigma z$, in the
 * units of the data.
 *
 * Shapes: outputs [rows, n]; target and predictions [rows], or [rows, n] where `size` is n.
 *
 * @remarks Standardised losses of several regressions are of the same size at the start, which matters where tasks are summed.
 * @throws `POLYTASK_INVALID_OPTION` for options out of range.
 * @throws `POLYTASK_LABELS` for a task without training labels, an infinite label, and labels that are all the same while they
 * are to be standardised.
 * @example
 * ```ts
 * import { regression } from '@polytask/core';
 *
 * const height = regression('height', { loss: 'huber', unit: 'cm' });
 * const labels = { targets: { data: new Float32Array([160, 180]), shape: [2] }, weights: new Float32Array([1, 1]) };
 * console.log(height.prepare?.(labels)); // => { mean: 170, standardDeviation: 10 }
 * ```
 */
export const regression = withArguments(numbers, named) as unknown as Described & Regression;

/** Two call signatures, since vector targets have other predictions. */
interface Regression {
  <const Name extends string, const Metrics extends readonly Metric[] = RegressionMetrics>(
    name: Name,
    options?: RegressionOptions<Metrics> & { readonly size?: undefined },
  ): Task<Name, NoInfer<Metrics>, number>;
  <const Name extends string, const Metrics extends readonly Metric[] = RegressionMetrics>(
    name: Name,
    options: RegressionOptions<Metrics> & { readonly size: number },
  ): Task<Name, NoInfer<Metrics>, readonly number[]>;
}

function toStandard(target: tf.Tensor, task: string, constants: TaskConstants): tf.Tensor {
  const { mean, deviation } = constantTensors(task, constants, target.rank === 1 ? 1 : (target.shape[1] as number));
  return tf.div(tf.sub(target, mean), deviation);
}

/** Scalars for single numbers, so that nothing is broadcast along rows of length 1; vectors otherwise. */
function constantTensors(task: string, constants: TaskConstants, width: number) {
  const [mean, deviation] = ['mean', 'standardDeviation'].map((key) => {
    const numbers = numbersOf(task, constants, key);
    return width === 1 ? tf.scalar(numbers[0] as number) : tf.tensor1d([...numbers]);
  }) as [tf.Tensor, tf.Tensor];
  return { mean, deviation };
}
