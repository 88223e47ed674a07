import { labelColumns } from '../../encoding/labels.js';
import type { TableOptions } from '../tables/table-options.js';
import type { Source } from './convert-source.js';
import { TableError } from './table-error.js';

/** Nothing is said of what columns are used for. */
const noUses = { numbers: [], texts: [], dates: [] };

/** The source of the options, with names for its tables, and types that columns have by what they are used for. */
export function sourceOf(
  { source, sql, sqlTimeout, csv = {}, labels, features, weights = {}, signal }: TableOptions,
  maxBadRows: number,
): Source {
  const listed = (paths: string | readonly string[]) => (typeof paths === 'string' ? [paths] : paths);
  const named = typeof source === 'object' && !Array.isArray(source);
  const tables = named
    ? Object.entries(source as { [table: string]: string | readonly string[] }).map(([name, paths]) => ({
        name,
        paths: listed(paths),
        place: ['source', name],
      }))
    : [{ name: 'data', paths: listed(source as string | readonly string[]), place: ['source'] }];
  if (tables.length === 0 || tables.some(({ paths }) => paths.length === 0)) {
    throw new TableError(['source'], 'a table must have at least one file, but has none');
  }
  if (named && sql === undefined) {
    throw new TableError(
      ['source'],
      'tables with names are for `sql`, which is not there; give it, or files without a name',
    );
  }
  const typeOf = Object.entries(features === undefined || Array.isArray(features) ? {} : features).map(
    ([column, given]) => ({ column, type: typeof given === 'string' ? given : given.type }),
  );
  const columnsOf = (...types: readonly string[]) =>
    typeOf.filter(({ type }) => type !== undefined && types.includes(type)).map(({ column }) => column);
  const ofWeights = typeof weights === 'string' ? [weights] : Object.values(weights);
  const numbers = labelColumns(labels).flatMap(({ kind, column }) => (kind === 'number' ? [column] : []));
  const names = labelColumns(labels).flatMap(({ kind, column }) => (kind === 'number' ? [] : [column]));
  return {
    tables,
    sql,
    csv,
    // SQL sees the types of the files.
    uses:
      sql !== undefined
        ? noUses
        : {
            numbers: [...numbers, ...columnsOf('number'), ...ofWeights].sort(),
            texts: [...names, ...columnsOf('category', 'text')].sort(),
            dates: columnsOf('date').sort(),
          },
    tolerant: maxBadRows > 0,
    sqlTimeout,
    signal,
  };
}
