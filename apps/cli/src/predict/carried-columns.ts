import { nearestWord } from '@polytask/core';
import type { RawRow, TableEncoding } from '@polytask/data';
import { InputError } from '@polytask/experiment/early';
import type { Cell } from './prediction-columns.js';

/** Columns of the input that stand in the output too. */
export interface Carried {
  readonly names: readonly string[];
  cells(row: RawRow): readonly Cell[];
}

/**
 * Columns that are carried along, the id first. One that is called like a column of the predictions gets `.given` after its name.
 *
 * @param wanted - Their names in the input.
 * @param first - A row of the input; undefined where there is none.
 * @param taken - Names of the predictions' columns.
 * @throws InputError where the input does not have one of them.
 */
export function carriedColumns(
  wanted: readonly string[],
  first: RawRow | undefined,
  { features }: TableEncoding,
  taken: readonly string[],
): Carried {
  const columns = [...new Set(wanted)];
  const known = Object.keys(first ?? {});
  for (const column of first === undefined ? [] : columns) {
    if (known.includes(column)) continue;
    const near = nearestWord(column, known);
    const advice = near === undefined ? '' : `. Did you mean \`${near}\`?`;
    const few = known.slice(0, 30).map((name) => `\`${name}\``);
    const message = `the rows have no column \`${column}\`, but ${few.join(', ')}${advice}`;
    throw new InputError([{ where: '--id and --keep', message }]);
  }
  // Where training had numbers, dates are as they are written.
  const isDate = (feature: (typeof features)[number]) => feature.type === 'date' && feature.numbers === undefined;
  const dates = new Set(features.filter(isDate).map(({ column }) => column));
  const names = columns.map((column) => (taken.includes(column) ? `${column}.given` : column));
  const doubled = names.find((name, index) => taken.includes(name) || names.indexOf(name) !== index);
  if (doubled !== undefined) {
    throw new InputError([
      { where: '--id and --keep', message: `two columns of the output would be called \`${doubled}\`` },
    ]);
  }
  return {
    names,
    cells: (row) => columns.map((column) => cellOf(Object.hasOwn(row, column) ? row[column] : null, dates.has(column))),
  };
}

/** A value as it was; dates, which are read as milliseconds, as dates again. */
function cellOf(value: unknown, isDate: boolean): Cell {
  if (isDate && typeof value === 'number' && Math.abs(value) <= latest) {
    return new Date(value).toISOString().replace(/T00:00:00\.000Z$/, '');
  }
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  return typeof value === 'string' || typeof value === 'boolean' ? value : null;
}

/** The last moment that JavaScript's dates have. */
const latest = 8.64e15;
