import type { Value } from './feature-kind.js';
import { kindOf } from './feature-kinds.js';
import type { FeatureOptions, LearnedFeature } from './features.js';
import { type LabelOptions, type LearnedLabel, labelReader } from './labels.js';
import { refusedMissing } from './missing.js';
import { Unreadable } from './raw-values.js';

/** Rows as they have been read, column by column: numbers (NaN: missing) or texts (null: missing). */
export interface ReadBlock {
  readonly size: number;
  readonly features: readonly ArrayLike<Value>[];
  readonly labels: readonly ArrayLike<Value>[];
}

/** Takes up a value that cannot be used. */
export type ReportValue = (row: number, column: string, reason: string) => void;

/** What {@link readBlock} looks at: options, or what was learned with them. */
export interface ReadableColumns {
  readonly features: readonly (LearnedFeature | (FeatureOptions & { readonly column: string }))[];
  readonly labels: readonly (LabelOptions | LearnedLabel)[];
}

/**
 * Reads raw values as what their columns hold.
 *
 * @param valuesOf - The raw values of a column, `size` of them.
 * @param report - Called for every value that cannot be used.
 */
export function readBlock(
  { features, labels }: ReadableColumns,
  size: number,
  valuesOf: (column: string) => ArrayLike<unknown>,
  report: ReportValue,
): ReadBlock {
  return {
    size,
    features: features.map((feature) => {
      const kind = kindOf(feature.type);
      const values = valuesOf(feature.column);
      const refuse = feature.missing === 'error';
      if (!refuse && values instanceof Float64Array && kind.takesNumbers(feature)) return values;
      return readColumn(feature.column, size, values, (value) => kind.read(value, feature), report, refuse);
    }),
    labels: labels.map((label) =>
      readColumn(label.column, size, valuesOf(label.column), labelReader(label), report, false),
    ),
  };
}

function readColumn(
  column: string,
  size: number,
  values: ArrayLike<unknown>,
  read: (value: unknown) => Value | Unreadable,
  report: ReportValue,
  refuseMissing: boolean,
): Value[] {
  const found: Value[] = new Array(size);
  for (let row = 0; row < size; row++) {
    const value = read(values[row]);
    if (value instanceof Unreadable) {
      report(row, column, value.reason);
      found[row] = null;
      continue;
    }
    if (refuseMissing && (value === null || (typeof value === 'number' && !Number.isFinite(value)))) {
      report(row, column, refusedMissing(column, value));
    }
    found[row] = value;
  }
  return found;
}
