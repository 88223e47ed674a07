import * as tf from '@tensorflow/tfjs';
import type { Metric } from '../contracts/metric.js';
import { defineTask, type Task, type TaskConstants } from '../contracts/task.js';
import { requireOption } from '../errors/invalid-option-error.js';
import { meanAbsoluteError } from '../metrics/mean-absolute-error.js';
import { rSquared } from '../metrics/r-squared.js';
import { rootMeanSquaredError } from '../metrics/root-mean-squared-error.js';
import { numbersOf } from './class-labels.js';
import { residualLoss } from './residual-loss.js';
import { standardization } from './standardization.js';
import { plainOptions, type TaskOptions, taskFields } from './task-options.js';

/** Options of {@link regression}. */
export interface RegressionOptions<Metrics extends readonly Metric[]> extends TaskOptions<Metrics> {
  /** What an error costs: its square, its size, or its square up to `delta` and its size beyond. Default `'mse'`. */
  readonly loss?: 'mse' | 'mae' | 'huber';
  /** Where Huber's loss turns from square to size, in the units of the loss. Default 1, as in `torch.nn.HuberLoss`. */
  readonly delta?: number;
  /** Whether the loss sees targets less their training mean, over their training standard deviation. Default true. */
  readonly standardize?: boolean;
  /** Length of vector targets; without it, a target is one number. */
  readonly size?: number | undefined;
  /** Unit of the target, for reports. */
  readonly unit?: string;
}

/** The usual metrics of {@link regression}. */
export type RegressionMetrics = readonly [Metric<'rmse', number>, Metric<'mae', number>, Metric<'r2', number>];

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
 * @param name Name of the task.
 * @param options All optional.
 * @throws `POLYTASK_INVALID_OPTION` for options out of range.
 * @throws `POLYTASK_LABELS` for a task without training labels, an infinite label, and labels that are all the same while they
 * are to be standardised.
 * @see P. J. Huber, "Robust Estimation of a Location Parameter", Annals of Mathematical Statistics 35, 1964,
 * https://doi.org/10.1214/aoms/1177703732.
 * @example
 * ```ts
 * import { regression } from '@polytask/core';
 *
 * const height = regression('height', { loss: 'huber', unit: 'cm' });
 * const labels = { targets: { data: new Float32Array([160, 180]), shape: [2] }, weights: new Float32Array([1, 1]) };
 * console.log(height.prepare?.(labels)); // => { mean: 170, standardDeviation: 10 }
 * ```
 */
export function regression<const Name extends string, const Metrics extends readonly Metric[] = RegressionMetrics>(
  name: Name,
  options?: RegressionOptions<Metrics> & { readonly size?: undefined },
): Task<Name, NoInfer<Metrics>, number>;
export function regression<const Name extends string, const Metrics extends readonly Metric[] = RegressionMetrics>(
  name: Name,
  options: RegressionOptions<Metrics> & { readonly size: number },
): Task<Name, NoInfer<Metrics>, readonly number[]>;
export function regression<const Name extends string, const Metrics extends readonly Metric[] = RegressionMetrics>(
  name: Name,
  options: RegressionOptions<Metrics> = {},
): Task<Name, NoInfer<Metrics>, number | readonly number[]> {
  const { loss = 'mse', delta = 1, standardize = true, size } = options;
  requireOption(['mse', 'mae', 'huber'].includes(loss), 'loss', "'mse', 'mae' or 'huber'", loss);
  requireOption(delta > 0 && Number.isFinite(delta), 'delta', 'a finite number above 0', delta);
  requireOption(size === undefined || (Number.isInteger(size) && size >= 1), 'size', 'a whole number above 0', size);
  const width = size ?? 1;

  return defineTask<Name, Metrics, number | readonly number[]>({
    ...taskFields(name, options, [rootMeanSquaredError(), meanAbsoluteError(), rSquared()]),
    type: 'regression',
    problem: 'regression',
    label: size === undefined ? 'number' : 'vector',
    options: plainOptions(options),
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
      if (size === undefined) return Array.from(data);
      return Array.from({ length: data.length / size }, (_, row) =>
        Array.from(data.slice(row * size, (row + 1) * size)),
      );
    },
  });
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
