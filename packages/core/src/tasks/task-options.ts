import type { Metric } from '../contracts/metric.js';
import { requireOption } from '../errors/invalid-option-error.js';

// Factories of tasks return `Task<Name, NoInfer<Metrics>, ...>`: where any task is expected, as in `createTrainer({ tasks: [...] })`,
// TypeScript would else infer `Metrics` from what is expected, and the usual metrics would be lost.

/** Options that every task has. */
export interface TaskOptions<Metrics extends readonly Metric[] = readonly Metric[]> {
  /** Target column in the data set. Default: the task's name. */
  readonly column?: string;
  /** Names of this task's own inputs. Default: all inputs of the model. */
  readonly inputs?: readonly string[];
  /**
   * What to measure, instead of the task's usual metrics. The first is the primary metric, by which runs are compared, and must
   * have a better side.
   */
  readonly metrics?: Metrics;
}

/** The fields of a task that come from {@link TaskOptions}, checked. `usual` are the metrics where the options name none. */
export function taskFields<Name extends string, Metrics extends readonly Metric[]>(
  name: Name,
  options: TaskOptions<Metrics>,
  usual: readonly Metric[],
) {
  requireOption(typeof name === 'string' && name !== '', 'name', 'a name that is not empty', name);
  const { column, inputs } = options;
  const metrics = (options.metrics ?? usual) as Metrics;
  const primary = metrics[0];
  requireOption(
    primary !== undefined && primary.better !== 'none',
    'metrics',
    'a list that begins with a metric of which higher or lower is better',
    metrics.map((metric) => metric.name),
    'The first metric is the primary one, by which runs are compared.',
  );
  return {
    name,
    metrics,
    primaryMetric: (primary as Metric).name as Metrics[number]['name'],
    ...(column === undefined ? {} : { column }),
    ...(inputs === undefined ? {} : { inputs }),
  };
}

/** Options as plain data for a task's description: metrics by name, options left out left out. */
export function plainOptions(options: TaskOptions): Record<string, unknown> {
  const plain = { ...options, metrics: options.metrics?.map((metric) => metric.name) };
  return Object.fromEntries(Object.entries(plain).filter(([, value]) => value !== undefined));
}
