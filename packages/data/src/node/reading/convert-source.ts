import { createHash } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { basename, join } from 'node:path';
import { cached } from '../cache/cache-folder.js';
import { readRecord } from '../cache/read-record.js';
import { roomIn, watchRoom } from '../cache/room.js';
import { badCsvLines, isBadLine, isMalformed, malformedLines } from './bad-lines.js';
import { type BadRows, joinBadRows } from './bad-rows.js';
import { columnType, keptExpression, type SourceColumn } from './column-types.js';
import { lookAtCsv } from './csv-files.js';
import { asUtf8 } from './csv-head.js';
import type { CsvOptions } from './csv-options.js';
import { endAsTableError, type ProcessLender } from './database-child.js';
import { type Database, isOurs, messageOf, openDatabase, quoteName, quoteText, readParquet } from './duckdb.js';
import { inspectFile } from './inspect-file.js';
import { processMemory } from './process-memory.js';
import {
  type ColumnUses,
  createView,
  type FirstReader,
  readerSql,
  type TableReading,
  tolerantJsonl,
} from './reader-sql.js';
import { refuseRepeated, type SourceFile, sourceFiles } from './source-files.js';
import { TableError } from './table-error.js';

/** Where rows come from: files, by the name that SQL calls them, and what SQL makes of them. */
export interface Source {
  readonly tables: readonly { readonly name: string; readonly paths: readonly string[]; readonly place: Place }[];
  readonly sql: string | undefined;
  readonly csv: CsvOptions;
  readonly uses: ColumnUses;
  /** Whether lines of JSONL that are no JSON are to be passed over. */
  readonly tolerant: boolean;
  /** Seconds that SQL may take. */
  readonly sqlTimeout?: number | undefined;
  /** Stops the conversion at once. */
  readonly signal?: AbortSignal | undefined;
}

type Place = readonly (string | number)[];

/** What is known of converted rows. */
export interface SourceInfo {
  /** SHA-256 of all that the rows were made of: the files' bytes, SQL and how they were read. */
  readonly fingerprint: string;
  readonly files: readonly { readonly name: string; readonly bytes: number; readonly sha256: string }[];
  readonly rows: number;
  readonly columns: readonly SourceColumn[];
  /** Columns of types that cannot be read, with their type. */
  readonly unreadable: readonly { readonly name: string; readonly type: string }[];
  readonly badRows: BadRows;
  /** What was found out about the files of every table, by its name in SQL. */
  readonly readings: { readonly [table: string]: TableReading };
  /** Columns that have another name than in the file. */
  readonly renamed: FirstReader['renamed'];
  /** Columns of dates that can be read in several ways. */
  readonly ambiguous: FirstReader['ambiguous'];
}

/** Rows in the cache. */
export interface ConvertedSource {
  readonly rowsFile: string;
  readonly info: SourceInfo;
  /** Columns that are no features, whatever is asked for, but that rows can be split by. */
  readonly hidden?: readonly SourceColumn[];
}

/** The column with the number of a row in the source, from 0. */
export const rowColumn = 'polytask:row';
/** A new number where what is written to the cache changes. */
const format = 2;
/** Megabytes that conversion may take before it goes to disk. */
const conversionMemory = 768;
/**
 * Of tables with so many columns even a few thousand rows, which the database always has at once, take hundreds of megabytes: one thread
 * reads them, in twice the memory.
 */
export const manyColumns = 2000;

/**
 * Converts files of any format to one Parquet file in the cache, in an order that is random and always the same; once per
 * content.
 *
 * @param lender - Of the process that files and SQL are read in, for whatever comes after this.
 * @throws TableError (`POLYTASK_DATASET`) where a file is missing or broken, or SQL cannot be run.
 */
export async function convertSource(source: Source, cache: string, lender?: ProcessLender): Promise<ConvertedSource> {
  const tables = await Promise.all(
    source.tables.map(async (table) => {
      const files = await Promise.all(table.paths.map((path) => sourceFiles(path, table.place)));
      return { ...table, files: refuseRepeated(files.flat(), table.place) };
    }),
  );
  const hashed: SourceInfo['files'][number][] = [];
  for (const { files, place } of tables) {
    for (const file of files) {
      const sha256 = await inspectFile(file, place, source.signal, source.csv.encoding);
      hashed.push({ name: basename(file.path), bytes: file.bytes, sha256 });
    }
  }
  const named = tables.map(({ name, files }) => [name, files.map((file) => [file.format, file.packed])]);
  const facts = {
    format,
    hashed,
    named,
    sql: source.sql,
    csv: source.csv,
    uses: source.uses,
    tolerant: source.tolerant,
  };
  const fingerprint = createHash('sha256').update(JSON.stringify(facts)).digest('hex');
  const folder = await cached(cache, `source-${fingerprint.slice(0, 40)}`, async (making) => {
    const found = await convert(tables, source, making, lender);
    await writeFile(join(making, 'info.json'), JSON.stringify({ ...found, fingerprint, files: hashed }));
  });
  const info = await readRecord<SourceInfo>(join(folder, 'info.json'));
  return { rowsFile: join(folder, 'rows.parquet'), info };
}

type Tables = readonly (Source['tables'][number] & { readonly files: readonly SourceFile[] })[];

async function convert(
  given: Tables,
  source: Source,
  folder: string,
  lender: ProcessLender | undefined,
): Promise<Omit<SourceInfo, 'fingerprint' | 'files'>> {
  const rowsFile = join(folder, 'rows.parquet');
  const copies = join(folder, 'utf8');
  const tables = await Promise.all(
    given.map(async (table, index) => {
      const own = join(copies, String(index));
      return { ...table, files: await asUtf8(table.files, source.csv.encoding, own, table.place, source.signal) };
    }),
  );
  const files = tables.flatMap((table) => table.files);
  const full = new AbortController();
  const isWide = (await mostColumns(tables, source.csv)) >= manyColumns;
  const database = await openDatabase({
    files: [...files.map(({ path }) => path), rowsFile],
    temporary: { folder: join(folder, 'temporary'), bytes: await roomIn(folder) },
    // SQL with groups or joins gives rows in an order that depends on threads.
    threads: source.sql === undefined && !isWide ? Math.min(4, availableParallelism()) : 1,
    memory: isWide ? 2 * conversionMemory : conversionMemory,
    apart: {
      megabytes: processMemory(),
      seconds: source.sql === undefined ? undefined : source.sqlTimeout,
      lender,
    },
    signal: AbortSignal.any([full.signal, ...(source.signal === undefined ? [] : [source.signal])]),
  });
  const unwatch = watchRoom(folder, 'its rows', (error) => full.abort(error));
  try {
    const readers = new Map<string, FirstReader>();
    const badRows = await readWhole(database, tables, source, rowsFile, readers);
    const described = await describe(database);
    const [{ rows } = {}] = await database.rows(`SELECT count(*)::DOUBLE AS rows FROM ${readParquet(rowsFile)}`);
    const found = [...readers.values()];
    const advice = found.flatMap((reader) => reader.advice);
    return {
      ...described,
      rows: rows as number,
      badRows: badRows.count === 0 || advice.length === 0 ? badRows : { ...badRows, advice },
      readings: Object.fromEntries([...readers].map(([name, { reading }]) => [name, reading])),
      renamed: found.flatMap(({ renamed }) => renamed),
      ambiguous: source.sql === undefined ? found.flatMap(({ ambiguous }) => ambiguous) : [],
    };
  } catch (error) {
    throw endAsTableError(error, source.sql === undefined ? ['source'] : ['sql']);
  } finally {
    unwatch();
    database.close();
    await rm(copies, { recursive: true, force: true });
  }
}

/** How many columns the CSV files have, as they begin; what is wrong with them is reported where they are read. */
async function mostColumns(tables: Tables, csv: CsvOptions): Promise<number> {
  let most = 0;
  for (const { files, place } of tables) {
    const [first] = files;
    if (first?.format !== 'csv') continue;
    const looked = await lookAtCsv(first, place, csv).catch(() => undefined);
    most = Math.max(most, looked?.file.columns.length ?? 0);
  }
  return most;
}

/** Writes the rows that can be read, and gives the lines that cannot. */
async function readWhole(
  database: Database,
  tables: Tables,
  source: Source,
  rowsFile: string,
  readers: Map<string, FirstReader>,
): Promise<BadRows> {
  // Formats in which a line is no row; such lines are left out.
  const broken = new Set<'csv' | 'jsonl'>();
  const read = async () => {
    for (const { name, files: ofTable, place } of tables) {
      const reader = readers.get(name) ?? (await readerSql(database, ofTable, place, source.csv, source.uses));
      readers.set(name, reader);
      const tolerant = broken.has('jsonl') && ofTable.every(({ format: kind }) => kind === 'jsonl');
      const sql = tolerant
        ? await tolerantJsonl(database, ofTable, place)
        : reader.of(broken.has('csv') ? 'skip' : 'refuse');
      await runReader(database, createView(name, sql), place);
    }
    await copy(database, source, rowsFile);
  };
  let badRows: BadRows = { count: 0, first: [] };
  for (let done = false; !done; ) {
    try {
      await read();
      done = true;
    } catch (error) {
      const kind = isBadLine(error) ? 'csv' : isMalformed(error) ? 'jsonl' : undefined;
      if (kind === undefined || isOurs(error)) throw error;
      if (broken.has(kind)) throw badLines(tables, { count: 0, first: [] }, error);
      const bad = await (kind === 'csv'
        ? badCsvLines(database, readers.values())
        : malformedLines(
            database,
            tables.flatMap((table) => table.files),
          )
      ).catch((inner: unknown) => {
        if (isOurs(inner)) throw inner;
        return { count: 0, first: [] };
      });
      // Lines of CSV are reported with all other rows that cannot be used.
      if (bad.count === 0 || (kind === 'jsonl' && !source.tolerant)) throw badLines(tables, bad, error);
      badRows = joinBadRows(badRows, bad);
      broken.add(kind);
    }
  }
  return badRows;
}

/** The view with the rows as they are asked for. */
const query = quoteName('polytask:rows');

/** The columns that the query gives. */
async function describe(database: Database): Promise<Pick<SourceInfo, 'columns' | 'unreadable'>> {
  const found = await database.rows(`DESCRIBE ${query}`);
  const all = found.map(({ column_name, column_type }) => ({ name: String(column_name), sql: String(column_type) }));
  return {
    columns: all.flatMap(({ name, sql }) => {
      const type = columnType(sql);
      return type === undefined ? [] : [{ name, type }];
    }),
    unreadable: all.filter(({ sql }) => columnType(sql) === undefined).map(({ name, sql }) => ({ name, type: sql })),
  };
}

async function copy(database: Database, source: Source, rowsFile: string): Promise<void> {
  const place = source.sql === undefined ? ['source'] : ['sql'];
  if (source.sql !== undefined) {
    const problem = await database.whyNoQuery(source.sql);
    if (problem !== undefined && /Malformed JSON/.test(problem)) throw new Error(problem);
    if (problem !== undefined) throw new TableError(place, `the SQL ${problem}`);
  }
  await runReader(database, `CREATE OR REPLACE VIEW ${query} AS ${source.sql ?? 'SELECT * FROM data'}`, place);
  const found = await runReader(database, undefined, place, () => database.rows(`DESCRIBE ${query}`));
  const kept = (found ?? []).flatMap(({ column_name: name, column_type: type }) =>
    columnType(String(type)) === undefined ? [] : [keptExpression(String(name), String(type))],
  );
  if (kept.length === 0) throw new TableError(place, 'the table must have a column that can be read, but has none');
  const row = quoteName(rowColumn);
  // The order is that of MD5, which no version of a database changes.
  await runReader(
    database,
    `COPY (SELECT row_number() OVER () - 1 AS ${row}, ${kept.join(', ')} FROM ${query} ` +
      `ORDER BY md5_number_lower(CAST(${row} AS VARCHAR)), ${row}) ` +
      `TO ${quoteText(rowsFile)} (FORMAT parquet, ROW_GROUP_SIZE 65536, USE_TMP_FILE false)`,
    place,
  );
}

/** Runs what reads the files; an error of theirs is about `place`. */
async function runReader<Result>(
  database: Database,
  sql: string | undefined,
  place: Place,
  read?: () => Promise<Result>,
): Promise<Result | undefined> {
  try {
    if (sql !== undefined) await database.run(sql);
    return await read?.();
  } catch (error) {
    if (isMalformed(error) || isBadLine(error) || isOurs(error)) throw error;
    throw new TableError(place, `the rows cannot be read: ${messageOf(error)}`, { cause: error });
  }
}

function badLines(tables: Tables, { count, first }: BadRows, error: unknown): TableError {
  const place = tables[0]?.place ?? ['source'];
  const [bad] = first;
  if (bad === undefined) return new TableError(place, `the file is broken: ${messageOf(error)}`, { cause: error });
  const more = count > 1 ? `; ${count} lines are broken` : '';
  return new TableError(
    ['maxBadRows'],
    `all rows must be right, but ${bad.file}:${bad.line} is ${bad.reason}${more}. Correct them, or leave them out with \`maxBadRows: ${count}\`.`,
    { cause: error },
  );
}
