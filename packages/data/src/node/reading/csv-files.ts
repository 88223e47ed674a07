import { basename } from 'node:path';
import { type SeenCsv, seeCsv } from './csv-dialect.js';
import { readHead } from './csv-head.js';
import type { CsvOptions } from './csv-options.js';
import { quoteName, quotePath, quoteText } from './duckdb.js';
import type { SourceFile } from './source-files.js';
import { TableError } from './table-error.js';

/** One CSV file, how it is written, and what its columns hold. */
export interface CsvFile {
  readonly file: SourceFile;
  readonly header: boolean;
  /** Lines before the header. */
  readonly skip: number;
  /** Options of `read_csv`: all others that it would find out by itself. */
  readonly options: readonly string[];
  readonly columns: readonly CsvColumn[];
}

interface CsvColumn {
  readonly name: string;
  readonly type: string;
}

/**
 * What becomes of lines that are no rows: an error, nothing, or a row like all others, with what there is.
 *
 * The database can also keep what is wrong with each value (`store_rejects`), in a time and a memory that grow with columns × lines
 * where lines are short, and with the square of a line that is too long. So that is never asked for.
 */
export type BadLineUse = 'refuse' | 'skip' | 'count';

/**
 * A CSV file as its beginning shows it; the types of its columns are found out later, all are texts so far.
 *
 * @param needed - Columns that it must have.
 */
export async function lookAtCsv(
  file: SourceFile,
  place: readonly (string | number)[],
  csv: CsvOptions,
  needed: readonly string[] = [],
): Promise<{ file: CsvFile; seen: SeenCsv }> {
  const { text, ends } = await readHead(file);
  const seen = seeCsv(text, ends, csv, needed);
  const { delimiter, quote, escape: before, header, skip } = seen.dialect;
  if (seen.names.length === 0)
    throw new TableError(place, `${basename(file.path)} must hold rows, but has no line with a value`);
  const options = [
    `delim = ${quoteText(delimiter)}`,
    `quote = ${quoteText(quote)}`,
    `escape = ${quoteText(quote === '' ? '' : before)}`,
    "comment = ''",
    ...(csv.decimal === undefined ? [] : [`decimal_separator = ${quoteText(csv.decimal)}`]),
    ...missingOption(csv),
  ];
  const columns = seen.names.map((name) => ({ name, type: 'VARCHAR' }));
  return { file: { file, header, skip, options, columns }, seen };
}

/**
 * SQL that reads CSV files as what was found in them; nothing is found out once more.
 *
 * @param files - All with the same columns, as far as `columns` are wanted.
 * @param columns - Which are wanted, and as what.
 */
export function csvSql(files: readonly CsvFile[], columns: readonly CsvColumn[], badLines: BadLineUse): string {
  const runs: CsvFile[][] = [];
  for (const file of files) {
    const before = runs.at(-1);
    if (before?.[0] !== undefined && looksOf(before[0]) === looksOf(file)) before.push(file);
    else runs.push([file]);
  }
  const wanted = new Map(columns.map(({ name, type }) => [name.toLowerCase(), type]));
  const reads = runs.map((run) => {
    const [one] = run as [CsvFile];
    // What is not wanted is not looked at either.
    const typed = one.columns.map(({ name }) => ({ name, type: wanted.get(name.toLowerCase()) ?? 'VARCHAR' }));
    return readCsv(run, typed, one.skip, one.header, badLines);
  });
  const [read = ''] = reads;
  if (reads.length === 1) return read;
  const names = columns.map(({ name }) => quoteName(name)).join(', ');
  return `(${reads.map((each) => `SELECT ${names} FROM ${each}`).join(' UNION ALL ')})`;
}

/** SQL that reads what comes after some lines of a file, up to the first that is no row. */
export function csvAfter(file: CsvFile, columns: readonly CsvColumn[], lines: number): string {
  return readCsv([file], columns, lines, lines <= file.skip && file.header, 'refuse');
}

function readCsv(
  files: readonly CsvFile[],
  columns: readonly CsvColumn[],
  skip: number,
  header: boolean,
  badLines: BadLineUse,
): string {
  const [first] = files as [CsvFile];
  const all = badLines === 'count';
  // Two columns are enough to count lines that are not empty.
  const read = all ? columns.slice(0, 2).map(({ name }) => ({ name, type: 'VARCHAR' })) : columns;
  const options = [
    'auto_detect = false',
    `columns = {${read.map(({ name, type }) => `${quoteText(name)}: ${quoteText(type)}`).join(', ')}}`,
    `skip = ${skip}`,
    `header = ${header}`,
    ...first.options,
    packing(...files.map(({ file }) => file)),
    ...(badLines === 'refuse' ? [] : ['ignore_errors = true']),
    // It cannot fill up rows that several threads read.
    ...(all ? ['strict_mode = false', 'null_padding = true', 'parallel = false'] : []),
  ];
  return `read_csv([${files.map(({ file }) => quotePath(file.path)).join(', ')}], ${options.join(', ')})`;
}

/** Files with the same looks are read as one. */
const looksOf = ({ header, skip, options, columns, file }: CsvFile) =>
  JSON.stringify([header, skip, options, columns.map(({ name }) => name), file.packed]);

const missingOption = ({ missing }: CsvOptions) =>
  missing === undefined ? [] : [`nullstr = [${missing.map(quoteText).join(', ')}]`];

/** What the database would otherwise guess by its own reading of names: how files are packed, and columns in names of folders. */
export function packing(...files: readonly Pick<SourceFile, 'packed'>[]): string {
  const packed = files.filter((file) => file.packed).length;
  const compression = packed === 0 ? 'uncompressed' : packed === files.length ? 'gzip' : 'auto';
  return `compression = '${compression}', hive_partitioning = false`;
}
