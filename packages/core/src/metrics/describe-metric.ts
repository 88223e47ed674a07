import type { Metric, RunningMetric } from '../contracts/metric.js';
import { describePart, type FactoryInput, type PartFactory } from '../options/describe-part.js';
import { type FilledOptions, type OptionsOf, type OptionTable, withDefault } from '../options/option.js';
import { number } from '../options/takes.js';

type Measured = number | readonly (readonly number[])[];

/** What the author of a metric writes. */
interface MetricInput<Name extends string, Value extends Measured, Table extends OptionTable>
  extends FactoryInput<Table> {
  readonly name: Name;
  readonly better: Metric['better'];
  start(options: FilledOptions<Table>): RunningMetric<Value>;
}

/** A metric that is described once, and keeps its name and what it measures as types. */
// @__NO_SIDE_EFFECTS__
export function describeMetric<
  const Name extends string,
  Value extends Measured,
  const Table extends OptionTable = Record<never, never>,
>({ better, start, ...input }: MetricInput<Name, Value, Table>): PartFactory<Table, Metric<Name, Value>> {
  const make = (options: never) => ({ better, start: () => start(options) });
  return describePart('metric', { ...input, make }) as never;
}

/** The option of a threshold on probabilities of a yes. */
export const thresholdOptions = {
  threshold: withDefault(
    number({ above: 0, below: 1 }),
    0.5,
    'Probability from which on a yes is predicted, where predictions are probabilities of a yes.',
  ),
};

/** Options of metrics that turn probabilities of a yes into decisions. */
export type ThresholdOptions = OptionsOf<typeof thresholdOptions>;
