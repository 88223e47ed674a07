import { openDatabase, quoteName, quoteText } from './duckdb.js';
import { jsonLines } from './reader-sql.js';

/** A column of a Parquet file. */
export interface ParquetColumn {
  readonly name: string;
  readonly type: 'number' | 'boolean' | 'text';
}

/** How types are called in SQL. */
const types = { number: 'DOUBLE', boolean: 'BOOLEAN', text: 'VARCHAR' } as const;

/**
 * Writes a Parquet file from a JSONL file whose lines are lists: a value, or null, per column. Rows keep their order, and need not
 * fit into memory.
 *
 * @param from - The JSONL file.
 * @param to - The Parquet file; it is replaced if it is there.
 * @throws PolytaskError (`POLYTASK_NO_DUCKDB`) where DuckDB's library is not installed; the system's error for a full disk.
 * @example
 * ```ts
 * import { mkdtempSync, writeFileSync } from 'node:fs';
 * import { tmpdir } from 'node:os';
 * import { join } from 'node:path';
 * import { writeParquet } from '@polytask/data/node';
 *
 * const folder = mkdtempSync(join(tmpdir(), 'rows-'));
 * writeFileSync(join(folder, 'rows.jsonl'), '["a", 1]\n["b", null]\n');
 * await writeParquet(join(folder, 'rows.jsonl'), join(folder, 'rows.parquet'), [
 *   { name: 'name', type: 'text' },
 *   { name: 'count', type: 'number' },
 * ]);
 * ```
 */
export async function writeParquet(from: string, to: string, columns: readonly ParquetColumn[]): Promise<void> {
  // They are our own rows, so there is nothing to limit; but this process can end while they are written.
  const apart = { megabytes: Number.POSITIVE_INFINITY };
  const database = await openDatabase({ files: [from, to], threads: 1, memory: 512, apart });
  try {
    // As texts: a list of its own per row needs no type that fits all columns.
    const values = columns.map(
      ({ name, type }, index) => `CAST(line ->> ${quoteText(`$[${index}]`)} AS ${types[type]}) AS ${quoteName(name)}`,
    );
    const lines = jsonLines([{ path: from, packed: false }]);
    await database.run(`COPY (SELECT ${values.join(', ')} FROM ${lines}) TO ${quoteText(to)} (FORMAT parquet)`);
  } finally {
    database.close();
  }
}
