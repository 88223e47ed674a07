import { basename } from 'node:path';
import { columnType, isoFormat } from './column-types.js';
import { type AmbiguousDates, findColumns } from './csv-columns.js';
import type { CsvDialect, SeenCsv } from './csv-dialect.js';
import { type BadLineUse, type CsvFile, csvSql, lookAtCsv, packing } from './csv-files.js';
import type { CsvOptions } from './csv-options.js';
import { type ColumnReading, fitsSql, missingWords, valueSql } from './csv-values.js';
import { type Database, isOurs, messageOf, quoteName, quotePath, quoteText } from './duckdb.js';
import { mostUnpacked, unpacksTooFar } from './inspect-file.js';
import type { SourceFile } from './source-files.js';
import { TableError } from './table-error.js';

/** What columns are used for, where rows are taken as the file has them: names are kept as they are written. */
export interface ColumnUses {
  readonly numbers: readonly string[];
  readonly texts: readonly string[];
  readonly dates?: readonly string[];
}

/** What reading found out about files: plain data, kept with a model, and used for every later file. */
export interface TableReading {
  /** How CSV files are written. */
  readonly csv?: CsvDialect;
  readonly columns: readonly ColumnReading[];
}

/** JSON values of more bytes are not read; lines of CSV may have 2 MB. */
const longest = 16 << 20;
/** What a value of a Parquet file takes at least once it is read. */
const valueBytes = 8;
/** Of JSON files up to this many bytes, all rows are looked at to find the types. */
const smallJson = 100 << 20;

/** What reads files of one format. */
export interface Reader {
  /** SQL. */
  of(badLines: BadLineUse): string;
  /** Where the format is CSV. */
  readonly csv?: { readonly files: readonly CsvFile[]; readonly columns: CsvFile['columns'] };
}

/** What reads training files, and what was found out about them. */
export interface FirstReader extends Reader {
  readonly reading: TableReading;
  readonly renamed: SeenCsv['renamed'];
  /** Columns of dates that can be read in several ways, with these. */
  readonly ambiguous: readonly AmbiguousDates[];
  /** Advice on columns whose values are no numbers. */
  readonly advice: readonly string[];
}

type Place = readonly (string | number)[];

/**
 * What reads files of one format, with the types that the files have.
 *
 * @param place - Which option names the files.
 * @param uses - Only where rows are taken as they are: SQL sees the types of the files, whatever columns are used for.
 * @throws TableError (`POLYTASK_DATASET`) where the files cannot be read as what their names say.
 */
export async function readerSql(
  database: Database,
  files: readonly SourceFile[],
  place: Place,
  csv: CsvOptions,
  uses: ColumnUses,
): Promise<FirstReader> {
  const [first] = files as [SourceFile];
  requireOneFormat(files, place);
  if (first.format === 'csv') return csvReader(database, files, place, csv, uses);
  const sql = await otherReader(database, files, place);
  const kind = first.format === 'parquet' ? 'Parquet' : 'JSON';
  // Broken JSON is reported when rows are read.
  const columns = await about(place, `the file cannot be read as ${kind}`, () =>
    database.rows(`DESCRIBE SELECT * FROM ${sql}`),
  ).catch((error: unknown) => {
    if (isOurs(error) || error instanceof TableError) throw error;
    return [];
  });
  const types = columns.map(({ column_name, column_type }) => ({
    name: String(column_name),
    // Its values are no part of what a later file must be.
    type: String(column_type).replace(/^ENUM\(.*\)/, 'VARCHAR'),
  }));
  const reading = { columns: types.filter(({ type }) => columnType(type) !== undefined) };
  return { of: () => sql, reading, renamed: [], ambiguous: [], advice: [] };
}

/** The SQL that reads files that are no CSV. */
export async function otherReader(database: Database, files: readonly SourceFile[], place: Place): Promise<string> {
  const [first] = files as [SourceFile];
  const list = listOf(files);
  if (first.format === 'parquet') {
    await refuseParquetBombs(database, files, place);
    return `read_parquet(${list}, hive_partitioning = false)`;
  }
  const whole = files.every(({ bytes }) => bytes <= smallJson) ? ', sample_size = -1' : '';
  const format = first.format === 'jsonl' ? 'newline_delimited' : 'auto';
  return `read_json(${list}, format = '${format}', maximum_object_size = ${longest}, ${packing(...files)}${whole})`;
}

/** The files of one table are of one format. */
export function requireOneFormat(files: readonly SourceFile[], place: Place): void {
  const [first] = files as [SourceFile];
  const other = files.find(({ format }) => format !== first.format);
  if (other === undefined) return;
  const found = `${basename(first.path)} is ${first.format} and ${basename(other.path)} is ${other.format}`;
  throw new TableError(place, `the files of one table must be of one format, but ${found}`);
}

/** Runs what reads files; what goes wrong is the file's. */
async function about<Result>(place: Place, what: string, read: () => Promise<Result>): Promise<Result> {
  try {
    return await read();
  } catch (error) {
    if (isOurs(error) || /Malformed JSON|JSON transform/i.test((error as Error).message)) throw error;
    throw new TableError(place, `${what}: ${messageOf(error)}`, { cause: error });
  }
}

/** Reads the lines of JSONL files that are JSON, with the columns that the others have; the types are found by a sample. */
export async function tolerantJsonl(
  database: Database,
  files: readonly SourceFile[],
  place: readonly (string | number)[],
): Promise<string> {
  const list = listOf(files);
  const lenient = `read_json(${list}, format = 'newline_delimited', ignore_errors = true, maximum_object_size = ${longest}, ${packing(...files)})`;
  const columns = await database.rows(`DESCRIBE SELECT * FROM ${lenient}`).catch((error: unknown) => {
    if (isOurs(error)) throw error;
    throw new TableError(place, `the file cannot be read as JSON: ${messageOf(error)}`, { cause: error });
  });
  const fields = columns.map(
    ({ column_name: name, column_type: type }) => `${JSON.stringify(name)}: ${JSON.stringify(type)}`,
  );
  const structure = quoteText(`{${fields.join(', ')}}`);
  return `(SELECT unnest(json_transform(line, ${structure})) FROM ${jsonLines(files)} WHERE json_valid(line))`;
}

/** The lines of JSONL files as texts, with the name of their file. */
export function jsonLines(files: readonly Pick<SourceFile, 'path' | 'packed'>[]): string {
  return (
    `read_csv(${listOf(files)}, ${packing(...files)}, columns = {'line': 'VARCHAR'}, header = false, delim = '\x01', quote = '', escape = '', ` +
    `auto_detect = false, filename = true, max_line_size = ${longest}, buffer_size = ${2 * longest})`
  );
}

/** The view of CSV files with all columns as texts. */
const rawView = quoteName('polytask:raw');

async function csvReader(
  database: Database,
  files: readonly SourceFile[],
  place: Place,
  csv: CsvOptions,
  { texts, numbers, dates = [] }: ColumnUses,
): Promise<FirstReader> {
  const looked = await lookAtFiles(files, place, csv);
  const [{ file, seen }] = looked as [(typeof looked)[number]];
  const all = looked.map((one) => one.file);
  const names = file.columns.map(({ name }) => name);
  const samples = names.map((name) =>
    looked.flatMap((one) => one.seen.samples[one.seen.names.findIndex((other) => isSame(name, other))] ?? []),
  );
  const found = await about(place, 'the file cannot be read as CSV', async () => {
    await database.run(`CREATE OR REPLACE VIEW ${rawView} AS SELECT * FROM ${csvSql(all, file.columns, 'skip')}`);
    return findColumns(database, rawView, names, samples, csv, csv.missing ?? ['']);
  });
  const undecided = found.ambiguous.find(({ column }) => dates.includes(column));
  if (undecided !== undefined) throw ambiguousDates(undecided, ['features', undecided.column]);
  const advice: string[] = [];
  const read = found.columns.map(({ name, type, format }, index) => {
    const column = quoteName(name);
    // Whole numbers are written in one way only.
    if (texts.includes(name) && !/^(BIGINT|HUGEINT|BOOLEAN)$/.test(type))
      return { name, type: 'VARCHAR', select: column };
    if (format !== undefined)
      return { name, type: 'VARCHAR', select: `${valueSql(column, { type, format }, csv)} AS ${column}` };
    if (type === 'VARCHAR' && numbers.includes(name)) {
      advice.push(...adviceOn(name, samples[index] ?? [], csv));
      return { name, type: 'DOUBLE', select: column };
    }
    const nearly = found.nearlyDates[name];
    if (type === 'VARCHAR' && nearly !== undefined && dates.includes(name)) {
      return { name, type, select: `${isoSql(column, { type: 'TIMESTAMP', format: nearly })} AS ${column}` };
    }
    return { name, type, select: column };
  });
  const asTheyAre = read.every(({ name, select }) => select === quoteName(name));
  const selected = read.map(({ select }) => select).join(', ');
  return {
    of(badLines) {
      const sql = csvSql(all, read, badLines);
      return asTheyAre ? sql : `(SELECT ${selected} FROM ${sql})`;
    },
    csv: { files: all, columns: read },
    reading: { csv: seen.dialect, columns: found.columns },
    renamed: looked.flatMap((one) => one.seen.renamed),
    ambiguous: found.ambiguous,
    advice,
  };
}

/** The beginnings of CSV files; all must have the columns of the first one. */
export async function lookAtFiles(
  files: readonly SourceFile[],
  place: Place,
  csv: CsvOptions,
  needed: readonly string[] = [],
): Promise<{ file: CsvFile; seen: SeenCsv }[]> {
  const looked: { file: CsvFile; seen: SeenCsv }[] = [];
  for (const file of files) looked.push(await lookAtCsv(file, place, csv, needed));
  const [first] = looked as [(typeof looked)[number]];
  for (const { file } of looked) {
    const lacking = first.file.columns.find(({ name }) => !file.columns.some((other) => isSame(name, other.name)));
    if (lacking === undefined) continue;
    const message = `the files of one table must have the same columns, but ${basename(file.file.path)} has no \`${lacking.name}\``;
    throw new TableError(place, `${message}, which ${basename(first.file.file.path)} has`);
  }
  return looked;
}

/** Whether SQL takes two names for the same. */
const isSame = (one: string, other: string) => one.toLowerCase() === other.toLowerCase();

/** A text as ISO 8601 where it is a date as its column has them, and as it is where it is none. */
export function isoSql(text: string, reading: Omit<ColumnReading, 'name'>): string {
  const value =
    reading.format === undefined
      ? `TRY_CAST(trim(${text}) AS TIMESTAMP)`
      : valueSql(text, { ...reading, type: 'TIMESTAMP' }, {});
  return `coalesce(strftime(${value}, ${isoFormat}), ${text})`;
}

/** The error for dates whose day could be the month. */
export function ambiguousDates({ column, formats }: AmbiguousDates, place: Place): TableError {
  return new TableError(
    place,
    `the dates in \`${column}\` could be ${formats.map((format) => `\`${format}\``).join(' or ')}: all of them can be read in both ways. ` +
      `Say which by \`csv: { date: '${formats[0]}' }\`.`,
  );
}

/** What values that are no numbers look like, where most of a column are alike. */
export function adviceOn(name: string, sample: readonly string[], { missing = [''] }: CsvOptions): string[] {
  const values = sample.map((value) => value.trim()).filter((value) => !missing.includes(value));
  const bad = [...new Set(values.filter((value) => !/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(value)))];
  if (bad.length === 0) return [];
  if (bad.every((value) => /^[+-]?\d+,\d+$/.test(value)))
    return [`The numbers of \`${name}\` look like decimal commas: \`csv: { decimal: ',' }\`.`];
  if (bad.length > 3 || bad.some((value) => !missingWords.has(value.toLowerCase()))) return [];
  const words = [...new Set([...missing, ...bad])].map((word) => JSON.stringify(word)).join(', ');
  return [
    `In \`${name}\`, ${bad.map((word) => JSON.stringify(word)).join(', ')} may stand for no value: \`csv: { missing: [${words}] }\`.`,
  ];
}

/**
 * A view of a CSV file with the types that its columns had in training, for SQL.
 *
 * @param raw - The view with all columns as texts.
 * @throws TableError (`POLYTASK_DATASET`) where a column holds something else now.
 */
export async function typedColumns(
  database: Database,
  raw: string,
  columns: readonly ColumnReading[],
  csv: CsvOptions,
  place: Place,
): Promise<string> {
  const typed = columns.filter(({ type }) => type !== 'VARCHAR');
  const widened = new Set<string>();
  for (let from = 0; from < typed.length; from += 400) {
    const some = typed.slice(from, from + 400);
    const wrong = (reading: ColumnReading, type = reading.type) => {
      const column = quoteName(reading.name);
      // Programs that have no whole numbers with gaps write 1 as 1.0.
      const whole =
        type === 'BIGINT' || type === 'HUGEINT' ? ` OR regexp_full_match(trim(${column}), '[+-]?\\d+\\.0*')` : '';
      const fits = `${fitsSql(column, { ...reading, type }, csv)}${whole}`;
      return `any_value(CASE WHEN ${column} IS NOT NULL AND NOT coalesce(${fits}, false) THEN ${column} END)`;
    };
    const asked = some.flatMap((reading, c) => [
      `${wrong(reading)} AS w${c}`,
      ...(reading.type === 'BIGINT' || reading.type === 'HUGEINT' ? [`${wrong(reading, 'DOUBLE')} AS d${c}`] : []),
    ]);
    const [row = {}] = await database.rows(`SELECT ${asked.join(', ')} FROM ${raw}`);
    some.forEach(({ name, type, format }, c) => {
      if (row[`w${c}`] === null) return;
      if (row[`d${c}`] === null) {
        widened.add(name);
        return;
      }
      const bad = row[`d${c}`] ?? row[`w${c}`];
      const expected = format === undefined ? `of type ${type}` : `a date such as ${format}`;
      throw new TableError(
        place,
        `column \`${name}\` must be ${expected}, as in training, but has ${JSON.stringify(bad)}`,
      );
    });
  }
  return columns
    .map(({ name, type, format }) => {
      const column = quoteName(name);
      if (type === 'VARCHAR') return column;
      const reading = { type: widened.has(name) ? 'DOUBLE' : type, ...(format === undefined ? {} : { format }) };
      return `${valueSql(column, reading, csv)} AS ${column}`;
    })
    .join(', ');
}

/** The files alone, whatever their names look like. */
const listOf = (files: readonly Pick<SourceFile, 'path'>[]) =>
  `[${files.map(({ path }) => quotePath(path)).join(', ')}]`;

/** Rows that one byte of a file can stand for are looked at before they are made. */
async function refuseParquetBombs(
  database: Database,
  files: readonly SourceFile[],
  place: readonly (string | number)[],
): Promise<void> {
  for (const file of files) {
    const path = quotePath(file.path);
    const sizes =
      `SELECT (SELECT sum(num_rows) FROM parquet_file_metadata(${path}))::DOUBLE AS rows, ` +
      `(SELECT count(*) FROM parquet_schema(${path}) WHERE num_children IS NULL OR num_children = 0)::DOUBLE AS columns, ` +
      `(SELECT sum(total_uncompressed_size) FROM parquet_metadata(${path}))::DOUBLE AS bytes`;
    const [{ rows, columns, bytes } = {}] = await database.rows(sizes).catch((error: unknown) => {
      if (isOurs(error)) throw error;
      throw new TableError(place, `the file cannot be read as Parquet: ${messageOf(error)}`, { cause: error });
    });
    const unpacked = Math.max(Number(rows) * Number(columns) * valueBytes, Number(bytes));
    if (unpacked > mostUnpacked(file)) throw unpacksTooFar(file, place);
  }
}

/** A view of files under the name that SQL uses. */
export function createView(name: string, reader: string): string {
  return `CREATE OR REPLACE VIEW ${quoteName(name)} AS SELECT * FROM ${reader}`;
}
