import type { FeatureOptions } from '../../encoding/features.js';
import { quoteName } from './duckdb.js';

/** What a column holds, of all types that a database has. */
export type ColumnType = 'number' | 'integer' | 'boolean' | 'date' | 'text';

/** A column of a table. */
export interface SourceColumn {
  readonly name: string;
  readonly type: ColumnType;
}

/** What a type of DuckDB holds; undefined for those that nothing here can read, such as lists. */
export function columnType(type: string): ColumnType | undefined {
  if (/^(U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER)$/.test(type)) return 'integer';
  if (/^(FLOAT|DOUBLE|DECIMAL\(.*\))$/.test(type)) return 'number';
  if (type === 'BOOLEAN') return 'boolean';
  if (/^(DATE|TIMESTAMP.*)$/.test(type)) return 'date';
  if (/^(VARCHAR|JSON|UUID|ENUM\(.*\))$/.test(type)) return 'text';
  return undefined;
}

/** A column as it is kept in the cache. */
export function keptExpression(name: string, type: string): string {
  const column = quoteName(name);
  if (type === 'JSON') return `(${column} ->> '$') AS ${column}`;
  return /^(UUID|ENUM\()/.test(type) ? `CAST(${column} AS VARCHAR) AS ${column}` : column;
}

/** A column as its raw values are read: numbers and milliseconds (NaN for NULL), or texts. */
export function readExpression({ name, type }: SourceColumn, use: FeatureOptions['type']): string {
  const column = quoteName(name);
  const asText = use === 'category' || use === 'text';
  // No NULL among numbers: they are read fastest so.
  const number = (expression: string) => `coalesce(CAST(${expression} AS DOUBLE), 'nan'::DOUBLE)`;
  if (type === 'number') return number(column);
  if (type === 'integer') return asText ? `CAST(${column} AS VARCHAR)` : number(column);
  if (type === 'date') return asText ? `CAST(${column} AS VARCHAR)` : number(`epoch_ms(${column})`);
  if (type === 'boolean') return asText ? column : number(column);
  return column;
}
