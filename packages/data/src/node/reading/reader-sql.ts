import { basename } from 'node:path';
import { type BadLineUse, type CsvFile, type CsvOptions, csvSql, packing, sniffCsv } from './csv-files.js';
import { type Database, isOurs, messageOf, quoteName, quotePath, quoteText } from './duckdb.js';
import { mostUnpacked, unpacksTooFar } from './inspect-file.js';
import type { SourceFile } from './source-files.js';
import { TableError } from './table-error.js';

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

/** What reads files of one format. */
export interface Reader {
  /** SQL. */
  of(badLines: BadLineUse): string;
  /** Where the format is CSV. */
  readonly csv?: { readonly files: readonly CsvFile[]; readonly columns: CsvFile['columns'] };
}

/**
 * What reads files of one format.
 *
 * @param sample - How many lines of CSV are looked at to find what a column holds. Where it is all, what is wrong with a value is for
 * the columns' readers to tell.
 * @param place - Which option names the files.
 * @throws TableError (`POLYTASK_DATASET`) where the files cannot be read as what their names say.
 */
export async function readerSql(
  database: Database,
  files: readonly SourceFile[],
  place: readonly (string | number)[],
  csv: CsvOptions,
  hints: TypeHints,
  sample: 'beginning' | 'all' = 'beginning',
): Promise<Reader> {
  const [first] = files as [SourceFile];
  const other = files.find(({ format }) => format !== first.format);
  if (other !== undefined) {
    const found = `${basename(first.path)} is ${first.format} and ${basename(other.path)} is ${other.format}`;
    throw new TableError(place, `the files of one table must be of one format, but ${found}`);
  }
  const list = listOf(files);
  if (first.format === 'parquet') {
    await refuseParquetBombs(database, files, place);
    return { of: () => `read_parquet(${list}, hive_partitioning = false)` };
  }
  if (first.format === 'csv') return csvReader(database, files, place, { csv, hints, sample });
  const whole = files.every(({ bytes }) => bytes <= smallJson) ? ', sample_size = -1' : '';
  const format = first.format === 'jsonl' ? 'newline_delimited' : 'auto';
  const sql = `read_json(${list}, format = '${format}', maximum_object_size = ${longest}, ${packing(...files)}${whole})`;
  return { of: () => sql };
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

async function csvReader(
  database: Database,
  files: readonly SourceFile[],
  place: readonly (string | number)[],
  { csv, hints, sample }: { csv: CsvOptions; hints: TypeHints; sample: 'beginning' | 'all' },
): Promise<Reader> {
  const sniffed: CsvFile[] = [];
  for (const file of files) sniffed.push(await sniffCsv(database, file, place, csv, sample));
  const [first] = sniffed as [CsvFile];
  const typesOf = sniffed.map((one) => new Map(one.columns.map(({ name, type }) => [name.toLowerCase(), type])));
  const columns = first.columns.map(({ name }) => {
    const types = typesOf.map((found, i) => {
      const type = found.get(name.toLowerCase());
      if (type !== undefined) return type;
      const message = `the files of one table must have the same columns, but ${basename(files[i]?.path ?? '')} has no \`${name}\``;
      throw new TableError(place, `${message}, which ${basename(first.file.path)} has`);
    });
    return { name, type: hintedType(name, commonType(types), hints) };
  });
  return { of: (badLines) => csvSql(sniffed, columns, badLines), csv: { files: sniffed, columns } };
}

function hintedType(name: string, type: string, { numbers, texts }: TypeHints): string {
  if (texts.includes(name)) return 'VARCHAR';
  // Whole numbers among the first rows do not mean that all are.
  return type === 'BIGINT' || (numbers.includes(name) && type === 'VARCHAR') ? 'DOUBLE' : type;
}

/** A type for values of all these types. */
function commonType(types: readonly string[]): string {
  const different = new Set(types);
  if (different.size === 1) return types[0] as string;
  const within = (...allowed: readonly string[]) => [...different].every((type) => allowed.includes(type));
  return within('BIGINT', 'DOUBLE') ? 'DOUBLE' : within('DATE', 'TIMESTAMP') ? 'TIMESTAMP' : 'VARCHAR';
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
