import type * as tf from '@tensorflow/tfjs';
import { requireOfPart } from './check-description.js';
import { type Description, type DescriptionInput, definePart } from './description.js';
import type { Metric } from './metric.js';
import type { BuildScope } from './parameters.js';
import type { HostTensor, NamedTensors, TensorsNamed } from './tensors.js';

/** Numbers that a task learns from the training labels before the first step (mean, standard deviation, class weights). Plain data. */
export type TaskConstants = { readonly [name: string]: number | readonly number[] };

/** A task's own variables by name. */
export type TaskVariables = { readonly [name: string]: tf.Tensor };

/** All training labels of one task, for {@link Task.prepare}; rows without a label are left out. */
export interface LabelColumn {
  /** `[rows, ...target shape]`. */
  readonly targets: HostTensor;
  /** Sample weights `[rows]`. */
  readonly weights: Float32Array;
}

/**
 * A task: where its targets come from, what its head puts out, its loss per row, how outputs become predictions, and its metrics.
 *
 * `Name` and `MetricNames` are types, so that `history.tasks.left.accuracy` is checked by the compiler.
 */
export interface Task<
  Name extends string = string,
  Metrics extends readonly Metric[] = readonly Metric[],
  Prediction = unknown,
> extends Description<'task'> {
  readonly name: Name;
  /** `classification`, `regression`, ...: what kind of task, for people. */
  readonly type: string;
  /** Whether amounts or classes are predicted, for methods that weigh the two differently. Default: neither. */
  readonly problem?: 'regression' | 'classification' | undefined;
  /**
   * What one row's label is where it is read from a table: a class (by name or number), a number, or several numbers side by side.
   * Default: it cannot be read from a table.
   */
  readonly label?: 'class' | 'number' | 'vector' | undefined;
  /** Names of this task's own inputs; left out, the task gets all inputs that the model has. */
  readonly inputs?: readonly string[];
  /** Target column in the data set; default: the task's name. */
  readonly column: string;
  /**
   * Shape of one row's target and its dtype. A row has no label where all its entries are missing: below 0 (int32) or NaN
   * (float32); missing entries of partly labelled rows reach the loss. An int32 target may also come as distributions over
   * classes, float32 with one more axis.
   */
  readonly target: { readonly shape: readonly number[]; readonly dtype: 'float32' | 'int32' };
  /** What the head puts out, by name: the shape of one row. `[10]` is ten logits; `null` stands for a length the features bring along (time, height, width). */
  readonly outputs: { readonly [output: string]: readonly (number | null)[] };
  /**
   * The output with the logits that `predict` makes probabilities of: by softmax where targets are class ids, else by sigmoid, and over
   * `constants.temperature` where there is one. Such a task can be calibrated after training. Default: it cannot.
   */
  readonly calibrates?: string | undefined;
  /** Learns constants from the training labels. Called once per run, before the first step. */
  prepare?(labels: LabelColumn): TaskConstants;
  /**
   * What the task's mean loss is multiplied by, in training and where validation losses are added up. `'labelled-share'`: the share of
   * the batch's rows that have a label of this task, so that every label counts the same, whether its task has many or few. Default 1.
   */
  readonly weight?: number | 'labelled-share' | undefined;
  /** Multiplies a row's sample weight on the host, for class weights. */
  rowWeight?(target: HostTensor, row: number, constants: TaskConstants): number;
  /**
   * Variables that the task owns whatever the rows are: thresholds, a temperature, a noise level, prototypes. They are trained with
   * the run, and `loss` and `predict` get them under the names given here.
   */
  variables?(scope: BuildScope): TaskVariables;
  /** Loss of every row `[rows]`, unweighted. Must be finite on rows whose weight is 0: core feeds zeros as their target. */
  loss(outputs: NamedTensors, target: tf.Tensor, constants: TaskConstants, variables?: TaskVariables): tf.Tensor;
  /** Outputs to predictions as numbers: probabilities, or values in original units. Runs inside a program. */
  predict(outputs: NamedTensors, constants: TaskConstants, variables?: TaskVariables): tf.Tensor;
  /** Predictions as numbers to what a user wants to see, one entry per row. */
  decode(predictions: HostTensor): readonly Prediction[];
  /** Metrics over `predict`'s numbers. */
  readonly metrics: Metrics;
  /** Name of the metric by which runs are compared: early stopping, best checkpoint, Δm. */
  readonly primaryMetric: Metrics[number]['name'];
}

/** Any task. */
export type AnyTask = Task<string, readonly Metric[], unknown>;

/** What the author of a task writes: {@link Task} without what core adds, `column` defaulting to the name. */
export type TaskInput<
  Name extends string,
  Metrics extends readonly Metric[],
  Prediction,
  Variables extends string = string,
> = Omit<DescriptionInput<Task<Name, Metrics, Prediction>>, 'column' | 'variables' | 'loss' | 'predict'> & {
  readonly column?: string;
  variables?(scope: BuildScope): TensorsNamed<Variables>;
  loss(
    outputs: NamedTensors,
    target: tf.Tensor,
    constants: TaskConstants,
    variables: TensorsNamed<Variables>,
  ): tf.Tensor;
  predict(outputs: NamedTensors, constants: TaskConstants, variables: TensorsNamed<Variables>): tf.Tensor;
};

/** Makes a {@link Task}; for everyone, core's own tasks included. */
export function defineTask<
  const Name extends string,
  const Metrics extends readonly Metric[],
  Prediction,
  Variables extends string = string,
>(task: TaskInput<Name, Metrics, Prediction, Variables>): Task<Name, Metrics, Prediction> {
  checkMetrics(task.name, task.metrics, task.primaryMetric);
  const input = { column: task.name, ...task } as unknown as DescriptionInput<AnyTask>;
  return definePart<AnyTask>('task', input) as unknown as Task<Name, Metrics, Prediction>;
}

/** Names that scores and histories have beside the metrics'. */
const reservedMetrics = ['trainLoss', 'weight', 'loss', 'rows'];

function checkMetrics(task: string, metrics: readonly Metric[], primary: string): void {
  const check = (valid: boolean, problem: string) => requireOfPart(valid, 'task', task, () => problem);
  check(Array.isArray(metrics), '`metrics` must be a list of metrics.');
  // A task that is only ever trained needs none.
  if (metrics.length === 0) return;
  const names = metrics.map(({ name }) => name);
  names.forEach((name, i) => {
    const reserved = reservedMetrics.includes(name) || name in Object.prototype;
    check(!reserved, `a metric must not be called \`${name}\`, which scores and histories have already.`);
    check(names.indexOf(name) === i, `its metrics must have different names, but two are called \`${name}\`.`);
  });
  const known = names.map((name) => `\`${name}\``).join(', ');
  check(
    names.includes(primary),
    `\`primaryMetric\` must be one of its metrics, ${known}, but is \`${String(primary)}\`.`,
  );
  const ranked = metrics.find(({ name }) => name === primary)?.better !== 'none';
  check(ranked, `\`primaryMetric\` must say which way is better, but \`${primary}\` cannot be ranked.`);
}
