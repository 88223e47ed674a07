import fc from 'fast-check';
import type { Metric, MetricRows } from '../../src/contracts/metric.js';

/** One row: predictions, targets, weight. */
export interface Row {
  readonly p: readonly number[];
  readonly t: readonly number[];
  readonly w: number;
}

/** What rows look like: shapes of a row's predictions and targets, and the dtype of targets. */
export interface Kind {
  readonly name: string;
  readonly predictions: readonly number[];
  readonly targets: readonly number[];
  readonly dtype: 'int32' | 'float32';
  readonly row: fc.Arbitrary<Row>;
}

const weight = fc.constantFrom(0, 1, 2, 3);
// Coarse, so that ties are common.
const probability = fc.integer({ min: 0, max: 8 }).map((eighths) => eighths / 8);
const value = fc.integer({ min: -40, max: 40 }).map((quarters) => quarters / 4);
const tuple = <T>(of: fc.Arbitrary<T>, length: number) => fc.array(of, { minLength: length, maxLength: length });

/** Classes: 3, one label per row. */
export const classes: Kind = {
  name: 'classes',
  predictions: [3],
  targets: [],
  dtype: 'int32',
  row: fc.record({ p: tuple(probability, 3), t: tuple(fc.integer({ min: 0, max: 2 }), 1), w: weight }),
};

/** Classes: 3, two positions per row, −1 to be ignored. */
export const dense: Kind = {
  name: 'dense',
  predictions: [2, 3],
  targets: [2],
  dtype: 'int32',
  row: fc.record({ p: tuple(probability, 6), t: tuple(fc.integer({ min: -1, max: 2 }), 2), w: weight }),
};

/** A yes or no per row. */
export const binary: Kind = {
  name: 'binary',
  predictions: [],
  targets: [],
  dtype: 'int32',
  row: fc.record({ p: tuple(probability, 1), t: tuple(fc.integer({ min: 0, max: 1 }), 1), w: weight }),
};

/** Two labels per row, NaN where unknown. */
export const multiLabel: Kind = {
  name: 'multi-label',
  predictions: [2],
  targets: [2],
  dtype: 'float32',
  row: fc.record({ p: tuple(probability, 2), t: tuple(fc.constantFrom(0, 1, Number.NaN), 2), w: weight }),
};

/** A number per row. */
export const scalar: Kind = {
  name: 'scalar',
  predictions: [],
  targets: [],
  dtype: 'float32',
  row: fc.record({ p: tuple(value, 1), t: tuple(value, 1), w: weight }),
};

/** Two numbers per row, NaN where unknown. */
export const vector: Kind = {
  name: 'vector',
  predictions: [2],
  targets: [2],
  dtype: 'float32',
  row: fc.record({ p: tuple(value, 2), t: tuple(fc.oneof(value, fc.constant(Number.NaN)), 2), w: weight }),
};

/** Rows as a metric gets them. */
export function metricRows(kind: Kind, rows: readonly Row[]): MetricRows {
  const targets = rows.flatMap((row) => row.t);
  return {
    predictions: { data: Float32Array.from(rows.flatMap((row) => row.p)), shape: [rows.length, ...kind.predictions] },
    targets: {
      data: kind.dtype === 'int32' ? Int32Array.from(targets) : Float32Array.from(targets),
      shape: [rows.length, ...kind.targets],
    },
    weights: Float32Array.from(rows.map((row) => row.w)),
  };
}

/** What a metric says of rows given at once. */
export function measure<Value extends number | readonly (readonly number[])[]>(
  metric: Metric<string, Value>,
  kind: Kind,
  rows: readonly Row[],
): Value {
  const running = metric.start();
  running.update(metricRows(kind, rows));
  return running.result();
}

/** Labels one by one: of column `column`, with the predictions for it. */
export function labelled(kind: Kind, rows: readonly Row[]) {
  const perRow = kind.targets.reduce((a, b) => a * b, 1);
  const width = kind.predictions.reduce((a, b) => a * b, 1) / perRow;
  return rows.flatMap((row) =>
    row.t.flatMap((t, column) => {
      const missing = Number.isNaN(t) || (kind.dtype === 'int32' && t < 0);
      return missing || row.w === 0
        ? []
        : [{ t, column, w: row.w, p: row.p.slice(column * width, (column + 1) * width) }];
    }),
  );
}
