import { noSuchColumn, type TableError, throwAll } from '../reading/table-error.js';

/** A column that something of the options names. */
export interface NamedColumn {
  readonly place: readonly (string | number)[];
  readonly column: string;
}

/**
 * All columns that are named are there.
 *
 * @throws TableError (`POLYTASK_DATASET`) with one for each that is not.
 */
export function requireColumns(named: readonly NamedColumn[], columns: readonly { readonly name: string }[]): void {
  const known = new Set(columns.map(({ name }) => name));
  const missing = named.filter(({ column }) => !known.has(column));
  throwAll(missing.map(({ place, column }): TableError => noSuchColumn(place, column, columns)));
}
