import type { DateNumbers } from '../../encoding/date-numbers.js';
import type { FeatureOptions } from '../../encoding/features.js';
import { quoteName } from './duckdb.js';

/** What a column holds, of all types that a database has. */
export type ColumnType = 'number' | 'integer' | 'boolean' | 'date' | 'text' | 'list';

/** A column of a table. */
export interface SourceColumn {
  readonly name: string;
  readonly type: ColumnType;
}

/** What a type of DuckDB holds; undefined for those that nothing here can read, such as structs. */
export function columnType(type: string): ColumnType | undefined {
  if (/^(U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER)$/.test(type)) return 'integer';
  if (/^(FLOAT|DOUBLE|DECIMAL\(.*\))$/.test(type)) return 'number';
  if (type === 'BOOLEAN') return 'boolean';
  if (/^(DATE|TIMESTAMP.*)$/.test(type)) return 'date';
  if (/^(VARCHAR|JSON|UUID|ENUM\(.*\))$/.test(type)) return 'text';
  if (/^(VARCHAR|U?(TINY|SMALL|BIG)?INT|U?INTEGER|ENUM\([^[\]]*\))\[\]$/.test(type)) return 'list';
  return undefined;
}

/** A column as it is kept in the cache. */
export function keptExpression(name: string, type: string): string {
  const column = quoteName(name);
  if (type === 'JSON') return `(${column} ->> '$') AS ${column}`;
  if (columnType(type) === 'list') return `${listExpression(column)} AS ${column}`;
  return /^(UUID|ENUM\()/.test(type) ? `CAST(${column} AS VARCHAR) AS ${column}` : column;
}

/** A list as a text of JSON. */
export const listExpression = (column: string) => `CAST(to_json(${column}) AS VARCHAR)`;

/** Moments as texts. SQL. */
export const isoFormat = "'%Y-%m-%dT%H:%M:%S.%fZ'";

/** What a column is read for; of dates, what its numbers stand for. */
export interface ColumnUse {
  readonly type: FeatureOptions['type'];
  readonly numbers?: DateNumbers;
}

/**
 * A column as its raw values are read: numbers and milliseconds (NaN for NULL), or texts. Numbers that are dates stay as they are, and where
 * they are no milliseconds, dates become texts.
 */
export function readExpression({ name, type }: SourceColumn, { type: use, numbers }: ColumnUse): string {
  const column = quoteName(name);
  const asText = use === 'category' || use === 'text';
  // No NULL among numbers: they are read fastest so.
  const number = (expression: string) => `coalesce(CAST(${expression} AS DOUBLE), 'nan'::DOUBLE)`;
  if (type === 'number') return number(column);
  if (type === 'integer') return asText ? `CAST(${column} AS VARCHAR)` : number(column);
  if (type === 'date' && use === 'date' && numbers !== undefined) return `strftime(${column}, ${isoFormat})`;
  if (type === 'date') return asText ? `CAST(${column} AS VARCHAR)` : number(`epoch_ms(${column})`);
  if (type === 'boolean') return asText ? column : number(column);
  return column;
}
