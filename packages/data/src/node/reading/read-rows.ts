import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { kindOf } from '../../encoding/feature-kinds.js';
import type { FeatureOptions } from '../../encoding/features.js';
import { type RawRow, Unreadable } from '../../encoding/raw-values.js';
import type { TableEncoding } from '../../encoding/table-encoding.js';
import { badCsvLines, isBadLine, isMalformed, malformedLines } from './bad-lines.js';
import { type BadRows, describeBadRow } from './bad-rows.js';
import { type ColumnUse, columnType, listExpression, readExpression } from './column-types.js';
import { asUtf8 } from './csv-head.js';
import type { CsvOptions } from './csv-options.js';
import { endAsTableError } from './database-child.js';
import { type Database, isOurs, messageOf, openDatabase, quoteName, quoteText } from './duckdb.js';
import { inspectFile, needsInspection } from './inspect-file.js';
import { type CsvColumns, type LaterRows, laterReader } from './later-rows.js';
import { processMemory } from './process-memory.js';
import { createView, type TableReading, tolerantJsonl } from './reader-sql.js';
import { type FileFormat, type SourceFile, sourceFiles } from './source-files.js';
import { noSuchColumn, TableError } from './table-error.js';

/** How {@link readRows} reads. */
export interface ReadRowsOptions {
  /** What the rows are to be encoded with. */
  readonly encoding: TableEncoding;
  /** Whether columns with labels have to be there too, to measure a model with; `'there'`: those that there are. Default false. */
  readonly labels?: boolean | 'there';
  /** Of a stream, whose name says nothing. Default `'csv'`. */
  readonly format?: FileFormat;
  readonly csv?: CsvOptions;
  /** What was found out about the training data: types, dates, delimiter. Default: it is found out of these rows alone. */
  readonly reading?: TableReading;
  /** A SELECT to read the rows through, such as that of the training data; the file is then table `table`. */
  readonly sql?: string;
  /** Default `'data'`. */
  readonly table?: string;
  /** Further columns that come along as they are written, such as ids: not as numbers, which would round long ones. */
  readonly exact?: readonly string[];
  /** Seconds that reading may take where there is SQL. Default: no limit. */
  readonly sqlTimeout?: number;
  /** Stops reading at once; its reason is thrown. */
  readonly signal?: AbortSignal;
  /**
   * Told, before the first row, of lines that are no rows at all and are left out; and, as `advice`, of what columns look like that should
   * have numbers and have others. Default: an error tells of lines.
   */
  readonly onBadLines?: (badRows: BadRows) => void;
}

/**
 * Raw rows of a file, or of a stream of text such as standard input, in their order and some thousand at a time, ready for
 * `encodeRows`: columns that features need are read as they were in training, dates as milliseconds, or as they are written where the
 * column had numbers in training; further columns come along. Nothing is converted or kept.
 *
 * @throws TableError (`POLYTASK_DATASET`) where the file is missing or broken, or lacks a column.
 * @example
 * ```ts
 * import { encodeRows } from '@polytask/data';
 * import { loadTable, readRows } from '@polytask/data/node';
 *
 * const source = 'node_modules/vega-datasets/data/seattle-weather.csv';
 * const labels = [{ column: 'weather', kind: 'class' }] as const;
 * const { encoding } = await loadTable({ source, labels, features: ['temp_max', 'wind'] });
 * let rows = 0;
 * for await (const some of readRows(source, { encoding })) rows += encodeRows(encoding, some).size;
 * console.log(rows); // => 1461
 * ```
 */
export async function* readRows(source: string | Readable, options: ReadRowsOptions): AsyncGenerator<RawRow[]> {
  const { format = 'csv' } = options;
  if (typeof source === 'string') {
    yield* readFileRows(source, options);
    return;
  }
  // DuckDB looks at the beginning of a file twice, which a stream does not allow.
  const path = join(tmpdir(), `polytask-rows-${randomBytes(8).toString('hex')}.${format}`);
  try {
    await pipeline(
      source,
      createWriteStream(path, { mode: 0o600, flags: 'wx' }),
      ...(options.signal === undefined ? [] : [{ signal: options.signal }]),
    ).catch((error: unknown) => {
      // Streams have an error of their own for it.
      options.signal?.throwIfAborted();
      throw error;
    });
    yield* readFileRows(path, options);
  } finally {
    await rm(path, { force: true });
  }
}

async function* readFileRows(path: string, options: ReadRowsOptions): AsyncGenerator<RawRow[]> {
  const { csv = {}, signal } = options;
  const place = ['source'];
  const given = await sourceFiles(path, place);
  for (const file of given) if (needsInspection(file)) await inspectFile(file, place, signal, csv.encoding);
  const folder = join(tmpdir(), `polytask-utf8-${randomBytes(8).toString('hex')}`);
  try {
    yield* readThrough(await asUtf8(given, csv.encoding, folder, place, signal), options);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function* readThrough(files: readonly SourceFile[], options: ReadRowsOptions): AsyncGenerator<RawRow[]> {
  const place = ['source'];
  const database = await openDatabase({
    files: files.map((file) => file.path),
    threads: 1,
    memory: 512,
    apart: {
      megabytes: processMemory(),
      seconds: options.sql === undefined ? undefined : options.sqlTimeout,
    },
    signal: options.signal,
  });
  try {
    const { encoding, labels: wanted = false, csv = {}, sql, table = 'data', exact = [] } = options;
    const known = new Set(encoding.features.map(({ column }) => column));
    const further = exact.filter((column) => !known.has(column));
    const uses = new Map<string, ColumnUse>();
    for (const feature of encoding.features) uses.set(feature.column, feature);
    const ofLabels = new Set(wanted === false ? [] : encoding.labels.map(({ column }) => column));
    if (wanted !== false)
      for (const { column, kind } of encoding.labels)
        uses.set(column, { type: kind === 'number' ? 'number' : 'category' });
    const mayLack = (column: string) => wanted === 'there' && ofLabels.has(column) && !known.has(column);
    const needed = sql === undefined ? [...uses.keys()].filter((column) => !mayLack(column)) : [];
    const request = { table, csv, reading: options.reading, sql: sql !== undefined, needed, place };
    const { badLines, later } = await about(place, () => openTable(database, files, request));
    if (badLines.count > 0) (options.onBadLines ?? refuseBadLines)(badLines);
    if (sql !== undefined) {
      const problem = await database.whyNoQuery(sql);
      if (problem !== undefined) throw new TableError(['sql'], `the SQL ${problem}`);
    }
    const view = quoteName('polytask:rows');
    const select = sql ?? `SELECT * FROM ${quoteName(table)}`;
    await about(sql === undefined ? place : ['sql'], () => database.run(`CREATE VIEW ${view} AS ${select}`));
    const {
      names,
      select: expressions,
      advice,
    } = await about(place, () => selection(database, view, uses, new Set(further), later, mayLack));
    if (advice.length > 0) options.onBadLines?.({ count: 0, first: [], advice });
    const chunks = database.chunks(`SELECT ${expressions.join(', ')} FROM ${view}`);
    while (true) {
      const chunk = await about(place, () => chunks.next());
      if (chunk.done) return;
      const { size, columns } = chunk.value;
      yield Array.from({ length: size }, (_, row) =>
        Object.fromEntries(names.map((name, column) => [name, usedValue(columns[column]?.[row], uses.get(name))])),
      );
    }
  } catch (error) {
    throw endAsTableError(error, options.sql === undefined ? place : ['sql']);
  } finally {
    database.close();
  }
}

/** Makes a view of the files. Reads all lines of CSV once, so that what is wrong with them is known before the first row. */
async function openTable(
  database: Database,
  files: readonly SourceFile[],
  request: LaterRows,
): Promise<{ badLines: BadRows; later?: CsvColumns }> {
  const { table, place } = request;
  const { reader, columns } = await laterReader(database, files, request);
  const later = columns === undefined ? {} : { later: columns };
  const open = async (sql: string) => {
    await database.run(createView(table, sql));
    if (reader.csv !== undefined) await database.rows(`SELECT count(*)::DOUBLE AS rows FROM ${quoteName(table)}`);
  };
  try {
    await open(reader.of('refuse'));
    return { badLines: { count: 0, first: [] }, ...later };
  } catch (error) {
    if (isBadLine(error)) {
      const badLines = await badCsvLines(database, [reader]).catch((inner: unknown) => {
        throw isOurs(inner) ? inner : error;
      });
      await open(reader.of('skip'));
      return { badLines, ...later };
    }
    const jsonl = files.every(({ format }) => format === 'jsonl');
    if (!jsonl || !isMalformed(error)) throw error;
    const badLines = await malformedLines(database, files);
    if (badLines.count === 0) throw error;
    await open(await tolerantJsonl(database, files, place));
    return { badLines };
  }
}

function refuseBadLines({ count, first }: BadRows): void {
  const told = first.map((bad) => describeBadRow(bad)).join('; ');
  throw new TableError(
    ['source'],
    `all lines must be rows, but ${count} cannot be read: ${told}. Correct them, or leave them out by \`onBadLines\`.`,
  );
}

/** The columns that can be read, as they are used. */
async function selection(
  database: Database,
  view: string,
  uses: ReadonlyMap<string, ColumnUse>,
  exact: ReadonlySet<string>,
  later: CsvColumns | undefined,
  mayLack: (column: string) => boolean,
) {
  const found = await database.rows(`DESCRIBE ${view}`);
  const columns = found.flatMap(({ column_name, column_type }) => {
    const type = columnType(String(column_type));
    return type === undefined ? [] : [{ name: String(column_name), type, isJson: column_type === 'JSON' }];
  });
  for (const name of uses.keys()) {
    if (!columns.some((column) => column.name === name) && !mayLack(name))
      throw noSuchColumn(['source'], name, columns);
  }
  const asTexts =
    later === undefined
      ? undefined
      : await later.expressions(
          columns.map(({ name }) => ({ name, use: exact.has(name) ? 'text' : uses.get(name)?.type })),
        );
  return {
    names: columns.map(({ name }) => name),
    advice: asTexts?.advice ?? [],
    select: columns.map(({ isJson, ...column }, index) => {
      if (asTexts !== undefined) return asTexts.select[index] as string;
      if (isJson) return `${quoteName(column.name)} ->> ${quoteText('$')}`;
      if (column.type === 'list') return listExpression(quoteName(column.name));
      if (exact.has(column.name) && column.type === 'integer') return quoteName(column.name);
      const usual = column.type === 'number' || column.type === 'integer' ? 'number' : 'category';
      return readExpression(column, uses.get(column.name) ?? { type: usual });
    }),
  };
}

/** Errors of the database while reading, told as the user's. */
async function about<Result>(place: readonly string[], work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (isOurs(error)) throw error;
    throw new TableError(place, `the rows cannot be read: ${messageOf(error)}`, { cause: error });
  }
}

/**
 * A value as it is used: a number or a date that came as a text is one; what is neither is shown as it is written. What numbers of dates
 * stand for is a matter of the encoding, so such dates stay as they are.
 */
function usedValue(value: unknown, use: ColumnUse | undefined): unknown {
  const isNumber = use?.type === 'number' || (use?.type === 'date' && use.numbers === undefined);
  const read = typeof value === 'string' && isNumber ? kindOf(use.type).read(value, use as FeatureOptions) : value;
  const known = read instanceof Unreadable ? value : read;
  return Number.isNaN(known) ? null : (known ?? null);
}
