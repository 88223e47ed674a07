import type { Citation } from '../contracts/citation.js';
import type { Metric } from '../contracts/metric.js';
import { type AnyTask, defineTask, type TaskInput } from '../contracts/task.js';
import { requireOption } from '../errors/invalid-option-error.js';
import { UnknownNameError } from '../errors/unknown-name-error.js';
import { describeFactory, type FactoryInput, type PartFactory, plainOptions } from '../options/describe-part.js';
import { extend, type FilledOptions, type OptionsOf, type OptionTable, optional, required } from '../options/option.js';
import { choice, either, list, number, part, text, whole } from '../options/takes.js';

// Factories of tasks return `Task<Name, NoInfer<Metrics>, ...>`: where any task is expected, as in `createTrainer({ tasks: [...] })`,
// TypeScript would else infer `Metrics` from what is expected, and the usual metrics would be lost.

const column = text("a column's name");

/** Options that every task has. */
const taskOptions = {
  name: required(
    text('a name without slashes', /^[^/\p{Cc}]+$/u),
    'Name of the task; also its target column, unless `column` says otherwise.',
  ),
  column: optional(column, 'Target column in the data.', "the task's name"),
  inputs: optional(
    list(text('an input'), { least: 1, what: 'a list of input names, at least one' }),
    'Inputs that the task reads.',
    'all of the data',
  ),
  weight: optional(
    either([choice('labelled-share'), number({ above: 0 })], 'a number above 0, or labelled-share'),
    "What the task's loss is multiplied by; labelled-share: the share of rows that have a label, so that a task with few labels pulls " +
      'no harder than they are.',
    '1',
  ),
  metrics: optional(
    list(part('metric'), { least: 1 }),
    'What to measure. The first is the primary metric unless `primaryMetric` says otherwise.',
    'the usual ones',
  ),
  primaryMetric: optional(
    text("a metric's name"),
    'Name of the metric by which runs are compared; it must have a better side.',
    'the first one',
  ),
};

/** An option of tasks whose labels are vectors. */
export const columnsOption = optional(
  list(column, { least: 1, what: 'a list of column names, at least one' }),
  'Columns of a table that are one label together, instead of `column`.',
);

/** An option of tasks with classes or labels that a table finds out. */
export const minCountOption = (done: string) =>
  optional(whole({ from: 1 }), `For tables: those that fewer training rows have are ${done}.`, '1');

type Table = typeof taskOptions;

/** Options that every task has, besides its name. */
export type TaskOptions<Metrics extends readonly Metric[] = readonly Metric[]> = Omit<
  OptionsOf<Table>,
  'name' | 'metrics'
> & { readonly metrics?: Metrics | undefined };

/** What is left to write of a task whose options and name are known; `metrics` are its usual ones. */
export type TaskBody = Omit<
  TaskInput<string, readonly Metric[], unknown>,
  'name' | 'type' | 'cites' | 'options' | 'column' | 'inputs' | 'primaryMetric'
>;

/**
 * A type of task, described once, as {@link describePart} describes other parts. Its factory takes the task's name among the options,
 * and has `column`, `inputs` and `metrics` besides those of its own.
 *
 * @param make Gets options that are checked and have their defaults; `metrics` are the usual ones, the primary one first.
 * @throws The factory: `POLYTASK_INVALID_OPTION`.
 * @example
 * ```ts
 * import { describeTask, meanAbsoluteError, number, withDefault } from '@polytask/core';
 * import * as tf from '@tensorflow/tfjs';
 *
 * export const quantile = describeTask(
 *   {
 *     name: 'quantile',
 *     summary: 'A quantile of a number, by the pinball loss.',
 *     options: { level: withDefault(number({ above: 0, below: 1 }), 0.5, 'Which quantile; 0.5 is the median.') },
 *   },
 *   ({ level }) => ({
 *     metrics: [meanAbsoluteError()],
 *     problem: 'regression',
 *     label: 'number',
 *     target: { shape: [], dtype: 'float32' },
 *     outputs: { value: [1] },
 *     loss({ value }, target) {
 *       const over = tf.sub(target, tf.reshape(value as tf.Tensor, [-1]));
 *       return tf.maximum(tf.mul(over, level), tf.mul(over, level - 1));
 *     },
 *     predict: ({ value }) => tf.reshape(value as tf.Tensor, [-1]),
 *     decode: ({ data }) => Array.from(data),
 *   }),
 * );
 *
 * quantile({ name: 'delay', level: 0.9 }).primaryMetric; // => 'mae'
 * ```
 */
// @__NO_SIDE_EFFECTS__
export function describeTask<const Own extends OptionTable>(
  { cites = [], ...input }: FactoryInput<Own>,
  make: (options: FilledOptions<Table & Own>) => TaskBody,
): PartFactory<Table & Own, AnyTask> {
  const options = extend(taskOptions, input.options);
  return describeFactory('task', { ...input, cites, options }, (given) => {
    const body = make(given as never);
    return finishTask(input.name, cites, plainOptions(options, given), body, given as never);
  }) as never;
}

function finishTask(
  type: string,
  cites: readonly Citation[],
  options: Readonly<Record<string, unknown>>,
  body: TaskBody,
  given: FilledOptions<Table>,
): AnyTask {
  const { name, column: target, inputs, weight, metrics = body.metrics, primaryMetric } = given;
  const names = metrics.map((metric) => metric.name);
  if (primaryMetric !== undefined && !names.includes(primaryMetric)) {
    throw new UnknownNameError(`metric of task \`${name}\``, primaryMetric, names, 'primaryMetric');
  }
  const primary = metrics.find((metric) => metric.name === primaryMetric) ?? (metrics[0] as Metric);
  const ranked = names.filter((_, i) => metrics[i]?.better !== 'none');
  requireOption(
    primaryMetric === undefined || primary.better !== 'none',
    'primaryMetric',
    `a metric of which higher or lower is better: ${ranked.join(', ')}`,
    primaryMetric,
  );
  requireOption(
    primary.better !== 'none',
    'metrics',
    'a list that begins with a metric of which higher or lower is better',
    names,
    'The first metric is the primary one, by which runs are compared, unless `primaryMetric` names another.',
  );
  return defineTask({
    ...body,
    type,
    cites,
    options,
    name,
    metrics,
    primaryMetric: primary.name,
    ...(target === undefined ? {} : { column: target }),
    ...(inputs === undefined ? {} : { inputs }),
    ...(weight === undefined ? {} : { weight }),
  });
}

/** The arguments of a task's factory as one mapping of options. */
export const named = (name: string, options?: object): object => ({ ...options, name });
