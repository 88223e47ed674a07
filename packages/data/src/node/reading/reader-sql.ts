import { basename } from 'node:path';
import { type Database, isOurs, messageOf, quoteName, quotePath, quoteText } from './duckdb.js';
import { mostUnpacked, unpacksTooFar } from './inspect-file.js';
import type { SourceFile } from './source-files.js';
import { TableError } from './table-error.js';

/** How CSV files are written, where that cannot be seen in them. */
export interface CsvOptions {
  /** Between two values. Default: found out, by the first lines. */
  readonly delimiter?: string;
  /** Whether the first line has the columns' names. Default: found out. */
  readonly header?: boolean;
  /** Texts that stand for no value. Default: the empty text. */
  readonly missing?: readonly string[];
}

/** Types that columns are given, whatever their first values look like. */
export interface TypeHints {
  readonly numbers: readonly string[];
  readonly texts: readonly string[];
}

/** JSON values of more bytes are not read; lines of CSV may have 2 MB. */
const longest = 16 << 20;
/** What a value of a Parquet file takes at least once it is read. */
const valueBytes = 8;
/** Of JSON files up to so many bytes, all rows are looked at to find the types. */
const smallJson = 100 << 20;

/**
 * The SQL that reads files of one format.
 *
 * @param place - Which option names the files.
 * @throws TableError (`POLYTASK_DATASET`) where the files cannot be read as what their names say.
 */
export async function readerSql(
  database: Database,
  files: readonly SourceFile[],
  place: readonly (string | number)[],
  csv: CsvOptions,
  hints: TypeHints,
): Promise<string> {
  const [first] = files as [SourceFile];
  const other = files.find(({ format }) => format !== first.format);
  if (other !== undefined) {
    const found = `${basename(first.path)} is ${first.format} and ${basename(other.path)} is ${other.format}`;
    throw new TableError(place, `the files of one table must be of one format, but ${found}`);
  }
  const list = listOf(files);
  if (first.format === 'parquet') {
    await refuseParquetBombs(database, files, place);
    return `read_parquet(${list}, hive_partitioning = false)`;
  }
  if (first.format === 'csv') return csvReader(database, files, place, csv, hints);
  const sample = files.every(({ bytes }) => bytes <= smallJson) ? ', sample_size = -1' : '';
  const format = first.format === 'jsonl' ? 'newline_delimited' : 'auto';
  return `read_json(${list}, format = '${format}', maximum_object_size = ${longest}, ${asNamed(files)}${sample})`;
}

/** The same with types that fit all values of CSV files: what is wrong with a value is for the columns' readers to tell. */
export async function widelyTypedReader(...args: Parameters<typeof readerSql>): Promise<string> {
  const reader = await readerSql(...args);
  return reader.replace('store_rejects = true', 'store_rejects = true, sample_size = -1');
}

/** Reads the lines of JSONL files that are JSON, with the columns that the others have; the types are found by a sample. */
export async function tolerantJsonl(
  database: Database,
  files: readonly SourceFile[],
  place: readonly (string | number)[],
): Promise<string> {
  const list = listOf(files);
  const lenient = `read_json(${list}, format = 'newline_delimited', ignore_errors = true, maximum_object_size = ${longest}, ${asNamed(files)})`;
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
    `read_csv(${listOf(files)}, ${asNamed(files)}, columns = {'line': 'VARCHAR'}, header = false, delim = '\x01', quote = '', escape = '', ` +
    `auto_detect = false, filename = true, max_line_size = ${longest}, buffer_size = ${2 * longest})`
  );
}

async function csvReader(
  database: Database,
  files: readonly SourceFile[],
  place: readonly (string | number)[],
  { delimiter, header, missing }: CsvOptions,
  { numbers, texts }: TypeHints,
): Promise<string> {
  const list = listOf(files);
  const options = [
    'store_rejects = true',
    asNamed(files),
    ...(header === undefined ? [] : [`header = ${header}`]),
    ...(missing === undefined ? [] : [`nullstr = [${missing.map(quoteText).join(', ')}]`]),
  ];
  const reader = (more: readonly string[]) => `read_csv(${[list, ...options, ...more].join(', ')})`;
  const describe = async (more: readonly string[]) => {
    try {
      return await database.rows(`DESCRIBE SELECT * FROM ${reader(more)}`);
    } catch (error) {
      if (isOurs(error)) throw error;
      throw new TableError(place, `the file cannot be read as CSV: ${messageOf(error)}`, { cause: error });
    }
  };
  let between = delimiter === undefined ? [] : [`delim = ${quoteText(delimiter)}`];
  let columns = await describe(between);
  // A line with too many values among few can make the whole look like a single column.
  const name = String(columns[0]?.column_name ?? '');
  const guess =
    columns.length === 1 && delimiter === undefined ? mostFrequentOf([',', ';', '\t', '|'], name) : undefined;
  if (guess !== undefined) {
    between = [`delim = ${quoteText(guess)}`];
    columns = await describe(between);
  }
  const types = columns.flatMap(({ column_name, column_type }) => {
    const column = String(column_name);
    const type = String(column_type);
    // Whole numbers among the first rows do not mean that all are.
    if (texts.includes(column)) return type === 'VARCHAR' ? [] : [`${quoteText(column)}: 'VARCHAR'`];
    if (type === 'BIGINT' || (numbers.includes(column) && type === 'VARCHAR'))
      return [`${quoteText(column)}: 'DOUBLE'`];
    return [];
  });
  return reader([...between, ...(types.length === 0 ? [] : [`types = {${types.join(', ')}}`])]);
}

/** The files alone, whatever their names look like. */
const listOf = (files: readonly Pick<SourceFile, 'path'>[]) =>
  `[${files.map(({ path }) => quotePath(path)).join(', ')}]`;

/** What DuckDB would otherwise guess by its own reading of names: how files are packed, and columns in names of folders. */
function asNamed(files: readonly Pick<SourceFile, 'packed'>[]): string {
  const packed = files.filter((file) => file.packed).length;
  const compression = packed === 0 ? 'uncompressed' : packed === files.length ? 'gzip' : 'auto';
  return `compression = '${compression}', hive_partitioning = false`;
}

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

function mostFrequentOf(characters: readonly string[], text: string): string | undefined {
  const count = (character: string) => text.split(character).length - 1;
  const [best] = [...characters].sort((a, b) => count(b) - count(a));
  return best !== undefined && count(best) > 0 ? best : undefined;
}

/** A view of files under the name that SQL uses. */
export function createView(name: string, reader: string): string {
  return `CREATE OR REPLACE VIEW ${quoteName(name)} AS SELECT * FROM ${reader}`;
}
