import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cached } from '../cache/cache-folder.js';
import { readRecord } from '../cache/read-record.js';
import { roomIn } from '../cache/room.js';
import { joinBadRows } from './bad-rows.js';
import { columnType } from './column-types.js';
import { type ConvertedSource, rowColumn, type SourceInfo } from './convert-source.js';
import { endAsTableError, type ProcessLender } from './database-child.js';
import { isOurs, messageOf, openDatabase, quoteName, quoteText, readParquet } from './duckdb.js';
import { processMemory } from './process-memory.js';
import { TableError } from './table-error.js';

/** The column that says whose row a row is. */
export const taskColumn = 'polytask:task';

/** Rows of one task. */
export interface JoinedPart {
  readonly task: string;
  readonly converted: ConvertedSource;
  /** Columns to be kept. */
  readonly columns: readonly string[];
  /** Columns in which this table's rows have a 1. */
  readonly ones: readonly string[];
}

/** A new number where what is written to the cache changes. */
const format = 2;

/**
 * Rows of several tables as one, in an order that is random and always the same; a column that a table does not have is NULL in
 * its rows. Row numbers go on from one table to the next.
 */
export async function joinSources(
  parts: readonly JoinedPart[],
  cache: string,
  lender: ProcessLender,
  signal?: AbortSignal,
): Promise<ConvertedSource> {
  const facts = parts.map(({ task, converted, columns, ones }) => [task, converted.info.fingerprint, columns, ones]);
  const fingerprint = createHash('sha256').update(JSON.stringify({ format, facts })).digest('hex');
  const folder = await cached(cache, `source-${fingerprint.slice(0, 40)}`, async (making) => {
    await writeFile(
      join(making, 'info.json'),
      JSON.stringify({ ...(await write(parts, making, lender, signal)), fingerprint }),
    );
  });
  const info = await readRecord<SourceInfo>(join(folder, 'info.json'));
  return { rowsFile: join(folder, 'rows.parquet'), info, hidden: [{ name: taskColumn, type: 'text' }] };
}

async function write(
  parts: readonly JoinedPart[],
  folder: string,
  lender: ProcessLender,
  signal: AbortSignal | undefined,
): Promise<Omit<SourceInfo, 'fingerprint'>> {
  const rowsFile = join(folder, 'rows.parquet');
  const row = quoteName(rowColumn);
  let first = 0;
  const selects = parts.map(({ task, converted, columns, ones }) => {
    const { rowsFile: file, info } = converted;
    const chosen = [
      `${row} + ${first} AS ${row}`,
      `${quoteText(task)} AS ${quoteName(taskColumn)}`,
      ...columns.map(quoteName),
      ...ones.map((name) => `1 AS ${quoteName(name)}`),
    ];
    first += info.rows;
    return `SELECT ${chosen.join(', ')} FROM ${readParquet(file)}`;
  });
  const database = await openDatabase({
    files: [...parts.map(({ converted }) => converted.rowsFile), rowsFile],
    temporary: { folder: join(folder, 'temporary'), bytes: await roomIn(folder) },
    threads: 1,
    memory: 768,
    apart: { megabytes: processMemory(), lender },
    signal,
  });
  try {
    const union = selects.join(' UNION ALL BY NAME ');
    // The order is that of MD5, which no version of a database changes.
    const order = `ORDER BY md5_number_lower(CAST(${row} AS VARCHAR)), ${row}`;
    const to = `${quoteText(rowsFile)} (FORMAT parquet, ROW_GROUP_SIZE 65536)`;
    await database.run(`COPY (SELECT * FROM (${union}) ${order}) TO ${to}`).catch((error: Error) => {
      if (isOurs(error)) throw error;
      throw new TableError(['tables'], `the tables cannot be joined: ${messageOf(error)}`, { cause: error });
    });
    const found = await database.rows(`DESCRIBE SELECT * FROM ${readParquet(rowsFile)}`);
    const columns = found.flatMap(({ column_name, column_type }) => {
      const type = columnType(String(column_type));
      const name = String(column_name);
      return type === undefined || name === rowColumn || name === taskColumn ? [] : [{ name, type }];
    });
    return {
      files: parts.flatMap(({ converted }) => converted.info.files),
      rows: first,
      columns,
      unreadable: [],
      badRows: joinBadRows(...parts.map(({ converted }) => converted.info.badRows)),
      readings: Object.fromEntries(
        parts.map(({ task, converted }) => [task, Object.values(converted.info.readings)[0] ?? { columns: [] }]),
      ),
      renamed: parts.flatMap(({ converted }) => converted.info.renamed),
      ambiguous: parts.flatMap(({ converted }) => converted.info.ambiguous),
    };
  } catch (error) {
    throw endAsTableError(error, ['tables']);
  } finally {
    database.close();
  }
}
