import { type Description, type DescriptionInput, definePart } from './description.js';
import type { HostTensor } from './tensors.js';

/** Rows to measure: predictions as `task.predict` gives them, targets in the data set's units, weights with 0 for "no label". */
export interface MetricRows {
  readonly predictions: HostTensor;
  readonly targets: HostTensor;
  readonly weights: Float32Array;
}

/** A running measurement. Memory does not grow with the rows unless the metric says so. */
export interface RunningMetric<Value> {
  update(rows: MetricRows): void;
  /** The measurement so far; NaN before the first labelled row. */
  result(): Value;
}

/** A measurement of one task that is fed batch by batch. */
export interface Metric<
  Name extends string = string,
  Value extends number | readonly (readonly number[])[] = number | readonly (readonly number[])[],
> extends Description<'metric'> {
  readonly name: Name;
  /** Which way is better; `'none'` for what cannot be ranked (confusion counts). */
  readonly better: 'higher' | 'lower' | 'none';
  start(): RunningMetric<Value>;
}

/** Makes a {@link Metric}; for everyone, core's own metrics included. */
export function defineMetric<const Name extends string, Value extends number | readonly (readonly number[])[]>(
  metric: DescriptionInput<Metric<Name, Value>>,
): Metric<Name, Value> {
  return definePart<Metric>('metric', metric as unknown as DescriptionInput<Metric>) as unknown as Metric<Name, Value>;
}
