import type { DuckDBConnection, DuckDBDataChunk, DuckDBInstance, DuckDBResult } from '@duckdb/node-api';
import { PolytaskError } from '@polytask/core';

/** A database in memory that may touch the files it was given and nothing else. */
export interface Database {
  run(sql: string): Promise<void>;
  /** A small result, whole. */
  rows(sql: string): Promise<Record<string, unknown>[]>;
  /** A result as it is computed, column by column in chunks; values as JavaScript has them. */
  chunks(sql: string): AsyncGenerator<Chunk>;
  /**
   * Checks that a text is one statement that reads.
   *
   * @returns What is wrong; undefined where nothing is.
   */
  whyNoQuery(sql: string): Promise<string | undefined>;
  close(): void;
}

/** Some rows of a result. */
export interface Chunk {
  readonly size: number;
  /** In the order of the result's columns; doubles as Float64Array, with NaN for NULL. */
  readonly columns: readonly (readonly unknown[] | Float64Array)[];
}

/** What a database may use. */
export interface DatabaseLimits {
  /** Absolute paths of the files that may be read or written. */
  readonly files: readonly string[];
  /** Folder for what does not fit into memory. */
  readonly temporary?: string;
  /** 1 makes the order of every result, and every sum, the same each time. */
  readonly threads: number;
  /** Megabytes, before it goes to `temporary`. */
  readonly memory: number;
}

/**
 * Opens a database that a stranger's SQL can be given to: it reads and writes the named files only, installs and loads no
 * extension, and its settings cannot be changed any more.
 *
 * @throws PolytaskError (`POLYTASK_NO_DUCKDB`) where the library for this machine is not installed.
 */
export async function openDatabase({ files, temporary, threads, memory }: DatabaseLimits): Promise<Database> {
  const { DuckDBInstance: Instance, StatementType } = await importDuckDb();
  const instance: DuckDBInstance = await Instance.create(':memory:', {
    threads: String(threads),
    memory_limit: `${memory}MB`,
    ...(temporary === undefined ? {} : { temp_directory: temporary }),
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    allow_community_extensions: 'false',
    allow_persistent_secrets: 'false',
  });
  const connection: DuckDBConnection = await instance.connect();
  const close = () => {
    connection.closeSync();
    instance.closeSync();
  };
  try {
    await connection.run(`SET allowed_paths = [${files.map(quoteText).join(', ')}]`);
    await connection.run('SET enable_external_access = false');
    await connection.run('SET lock_configuration = true');
  } catch (error) {
    close();
    throw error;
  }
  return {
    async run(sql) {
      await connection.run(sql);
    },
    rows: async (sql) => (await connection.runAndReadAll(sql)).getRowObjectsJS(),
    async *chunks(sql) {
      const result: DuckDBResult = await connection.stream(sql);
      for (
        let chunk = await result.fetchChunk();
        chunk !== null && chunk.rowCount > 0;
        chunk = await result.fetchChunk()
      ) {
        const { rowCount: size, columnCount } = chunk;
        yield { size, columns: Array.from({ length: columnCount }, (_, column) => columnOf(chunk, column)) };
      }
    },
    async whyNoQuery(sql) {
      try {
        const statements = await connection.extractStatements(sql);
        if (statements.count !== 1) return `must be one statement, but has ${statements.count}`;
        const statement = await statements.prepare(0);
        const { statementType } = statement;
        statement.destroySync();
        return statementType === StatementType.SELECT ? undefined : 'must be a SELECT: nothing is written or changed';
      } catch (error) {
        // What the library says of nothing at all, or of comments alone.
        if (/native callback/.test((error as Error).message)) return 'must be one statement, but has none';
        return `cannot be run: ${messageOf(error)}`;
      }
    },
    close,
  };
}

/** Numbers one by one into an array of numbers: a column that has them boxed takes many times as long to collect. */
function columnOf(chunk: DuckDBDataChunk, column: number): readonly unknown[] | Float64Array {
  const vector = chunk.getColumnVector(column);
  const values = vector.type.typeId === doubleType ? new Float64Array(vector.itemCount) : new Array(vector.itemCount);
  for (let row = 0; row < values.length; row++) {
    const value = vector.getItem(row);
    values[row] = values instanceof Float64Array ? (value ?? Number.NaN) : value;
  }
  return values;
}

/** DuckDB's number for the type DOUBLE. */
const doubleType = 11;

/** A name as SQL writes it. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A text as SQL writes it. */
export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** What DuckDB says, without its kinds of errors and without the lines that draw an arrow. */
export function messageOf(error: unknown): string {
  const [first = ''] = (error as Error).message.split(/\n\s*\n|\nLINE /);
  return first.replace(/^(Failed to extract statements: )?(\w+ )+Error: /, '').trim();
}

async function importDuckDb(): Promise<typeof import('@duckdb/node-api')> {
  try {
    return await import('@duckdb/node-api');
  } catch (error) {
    throw new PolytaskError(
      'POLYTASK_NO_DUCKDB',
      `Tables need the npm package \`@duckdb/node-api\` with its library for ${process.platform}-${process.arch}, which could not ` +
        `be loaded: ${(error as Error).message.split('\n')[0]}. Install again without leaving optional dependencies out.`,
      { cause: error },
    );
  }
}
