import type { FeatureOptions } from '../encoding/features.js';
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

/** A column as its raw values are read: numbers, milliseconds, or texts. */
export function readExpression({ name, type }: SourceColumn, use: FeatureOptions['type']): string {
  const column = quoteName(name);
  const asText = use === 'category' || use === 'text';
  if (type === 'number') return `CAST(${column} AS DOUBLE)`;
  if (type === 'integer') return `CAST(${column} AS ${asText ? 'VARCHAR' : 'DOUBLE'})`;
  if (type === 'date') return asText ? `CAST(${column} AS VARCHAR)` : `CAST(epoch_ms(${column}) AS DOUBLE)`;
  return column;
}
