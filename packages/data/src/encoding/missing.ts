import { DatasetError, InvalidOptionError } from '@polytask/core';
import type { LearnedMissing, Missing } from './features.js';
import { shown, Unreadable } from './raw-values.js';

/** The treatment of missing values in force: nothing is learned of them where there were none. */
export function treatment(missing: Missing | undefined, byDefault: LearnedMissing, lacking: boolean): LearnedMissing {
  if (missing === undefined || (missing === 'indicator' && !lacking)) return lacking ? byDefault : 'mean';
  return typeof missing === 'object' ? 'constant' : missing;
}

/** The constant that stands in for missing values, read as the feature's values are; undefined where there is none. */
export function constantOf<Read>(
  column: string,
  missing: Missing | undefined,
  read: (value: unknown) => Read | Unreadable,
): Read | undefined {
  if (typeof missing !== 'object') return undefined;
  const value = read(missing.constant);
  const isNumber = typeof value === 'number';
  if (!(value instanceof Unreadable) && value !== null && (!isNumber || Number.isFinite(value))) return value;
  throw new InvalidOptionError(`missing.constant of \`${column}\``, 'a value as the column has them', missing.constant);
}

/** The error for a column without a single value to learn from. */
export function noValues(column: string): DatasetError {
  return new DatasetError(
    `Column \`${column}\` must have a value in the training rows, but all are NULL. Leave the column out, or correct the data.`,
  );
}

/** Why a missing value is refused. */
export function refusedMissing(column: string, value: unknown): string {
  const found = typeof value === 'number' && !Number.isNaN(value) ? shown(String(value)) : 'no value';
  return `\`${column}\` has ${found}, and its \`missing\` is \`error\``;
}
