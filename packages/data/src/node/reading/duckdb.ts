import { type Engine, openDatabaseChild, type ProcessLimits } from './database-child.js';
import { openEngine } from './engine.js';
import { noDuckDb } from './no-duckdb.js';

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
  /** Folder for what does not fit into memory, and how much it may hold. */
  readonly temporary?: { readonly folder: string; readonly bytes: number };
  /** 1 makes the order of every result, and every sum, the same each time. */
  readonly threads: number;
  /** Megabytes, before it goes to `temporary`. */
  readonly memory: number;
  /** Ends what is under way; its reason is thrown. */
  readonly signal?: AbortSignal | undefined;
  /** A process of its own, with these limits: for files and SQL of others. */
  readonly apart?: ProcessLimits;
}

/**
 * Opens a database that a stranger's SQL can be given to: it reads and writes the named files only, installs and loads no
 * extension, and its settings cannot be changed any more.
 *
 * @throws PolytaskError (`POLYTASK_NO_DUCKDB`) where the library for this machine is not installed.
 */
export async function openDatabase(limits: DatabaseLimits): Promise<Database> {
  const { files, temporary, threads, memory, signal, apart } = limits;
  signal?.throwIfAborted();
  const allowed = [...new Set(files.flatMap((path) => [quoteText(path), quotePath(path)]))];
  const start = {
    settings: {
      threads: String(threads),
      memory_limit: `${memory}MB`,
      ...(temporary === undefined
        ? {}
        : { temp_directory: temporary.folder, max_temp_directory_size: `${Math.ceil(temporary.bytes / 1e6)}MB` }),
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
      allow_community_extensions: 'false',
      allow_persistent_secrets: 'false',
    },
    statements: [
      `SET allowed_paths = [${allowed.join(', ')}]`,
      'SET enable_external_access = false',
      'SET lock_configuration = true',
    ],
  };
  const engine: Engine =
    apart === undefined ? await openEngine(await importDuckDb(), start) : await openDatabaseChild(start, apart, signal);
  const interrupt = () => engine.interrupt();
  signal?.addEventListener('abort', interrupt, { once: true });
  const told = async <Result>(work: Promise<Result>): Promise<Result> => {
    try {
      return await work;
    } catch (error) {
      signal?.throwIfAborted();
      throw asSystemError(error);
    }
  };
  return {
    run: (sql) => told(engine.run(sql)),
    rows: (sql) => told(engine.rows(sql)),
    async *chunks(sql) {
      const stream = await told(engine.stream(sql));
      for (let chunk = await told(stream.next()); chunk !== undefined; chunk = await told(stream.next())) yield chunk;
    },
    async whyNoQuery(sql) {
      try {
        const { count, reads } = await engine.statementsOf(sql);
        if (count !== 1) return `must be one statement, but has ${count}`;
        return reads ? undefined : 'must be a SELECT: nothing is written or changed';
      } catch (error) {
        signal?.throwIfAborted();
        // What the library says of nothing at all, or of comments alone.
        if (/native callback/.test((error as Error).message)) return 'must be one statement, but has none';
        return `cannot be run: ${messageOf(error)}`;
      }
    },
    close() {
      signal?.removeEventListener('abort', interrupt);
      engine.close();
    },
  };
}

/** Whether an error is not about what was asked for: we were told to stop, or the machine lacks something. */
export function isOurs(error: unknown): boolean {
  const { name, code } = error as NodeJS.ErrnoException;
  return name === 'AbortError' || code !== undefined;
}

/** A full disk is the system's error, as if Node had written; DuckDB only says so in words. */
function asSystemError(error: unknown): unknown {
  const { message, code } = error as NodeJS.ErrnoException;
  if (code !== undefined || !/No space left on device|not enough space on the disk/i.test(message)) return error;
  return Object.assign(new Error(`ENOSPC: ${messageOf(error)}`, { cause: error }), {
    code: 'ENOSPC',
    syscall: 'write',
  });
}

/** A name as SQL writes it. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A text as SQL writes it. */
export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/**
 * The path of a file that is read, as SQL writes it: of that file alone. DuckDB takes `*`, `?` and `[` for patterns, and a name
 * such as `t[1].csv` for another file.
 */
export function quotePath(path: string): string {
  return quoteText(path.replace(/[*?[]/g, '[$&]'));
}

/** Rows that we wrote, as SQL reads them. */
export function readParquet(path: string): string {
  return `read_parquet(${quotePath(path)}, hive_partitioning = false)`;
}

/** What DuckDB says, without its kinds of errors and without the lines that draw an arrow. */
export function messageOf(error: unknown): string {
  // It may repeat a line of a file, of any length.
  const [first = ''] = (error as Error).message.slice(0, 10_000).split(/\n\s*\n|\nLINE /);
  const lines = first.split('\n').map((line) => (line.length > 200 ? `${line.slice(0, 200)}...` : line));
  return lines
    .join('\n')
    .replace(/^(Failed to extract statements: )?(\w+ )+Error: /, '')
    .trim();
}

async function importDuckDb(): Promise<typeof import('@duckdb/node-api')> {
  try {
    return await import('@duckdb/node-api');
  } catch (error) {
    throw noDuckDb((error as Error).message, error);
  }
}
