import { DatasetError } from '@polytask/core';
import { readCategory, shown, Unreadable } from '../encoding/raw-values.js';
import type { SplitRule } from './split-options.js';

/** The name of a value to split by; undefined where there is none. */
function nameOf(value: unknown): string | undefined {
  const name = readCategory(value);
  return name === null || name instanceof Unreadable ? undefined : name;
}

/** Rows by the value that they have, by the order of the values; those without one are alike. */
export function strataOf(rows: number, values: ArrayLike<unknown>): [value: string, rows: number[]][] {
  const found = new Map<string, number[]>();
  for (let row = 0; row < rows; row++) {
    const value = readCategory(values[row]);
    const key = value === null ? '' : value instanceof Unreadable ? shown(values[row]) : value;
    const before = found.get(key);
    if (before === undefined) found.set(key, [row]);
    else before.push(row);
  }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1));
}

/** The group of a row, which it must have. */
export function groupOfRow({ column }: SplitRule, values: ArrayLike<unknown>, row: number): string {
  const key = nameOf(values[row]);
  if (key !== undefined) return key;
  throw new DatasetError(`Every row must have a \`${column}\` to split by, but row ${row} has none.`);
}
