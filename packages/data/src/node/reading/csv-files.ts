import { type Database, isOurs, messageOf, quoteName, quotePath, quoteText } from './duckdb.js';
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

/** Looks at the first rows of a CSV file, or at all. */
export async function sniffCsv(
  database: Database,
  file: SourceFile,
  place: readonly (string | number)[],
  csv: CsvOptions,
  sample: 'beginning' | 'all',
): Promise<CsvFile> {
  const sniff = async (delimiter: string | undefined) => {
    const options = [
      // Lines that are no rows must not decide what the others are.
      'ignore_errors = true',
      packing(file),
      ...(sample === 'all' ? ['sample_size = -1'] : []),
      ...(delimiter === undefined ? [] : [`delim = ${quoteText(delimiter)}`]),
      ...(csv.header === undefined ? [] : [`header = ${csv.header}`]),
      ...missingOption(csv),
    ];
    const sql = `SELECT * FROM sniff_csv(${[quotePath(file.path), ...options].join(', ')})`;
    const [found = {}] = await database.rows(sql).catch((error: unknown) => {
      if (isOurs(error)) throw error;
      throw new TableError(place, `the file cannot be read as CSV: ${messageOf(error)}`, { cause: error });
    });
    return { found, columns: found.Columns as CsvColumn[] };
  };
  let { found, columns } = await sniff(csv.delimiter);
  // A line with too many values among few can make the whole look like a single column.
  const [first] = columns;
  const guess =
    columns.length === 1 && csv.delimiter === undefined
      ? mostFrequentOf([',', ';', '\t', '|'], first?.name ?? '')
      : undefined;
  if (guess !== undefined) ({ found, columns } = await sniff(guess));
  const text = (name: string) => (found[name] === '(empty)' ? '' : String(found[name] ?? ''));
  const format = (option: string, value: string) => (value === '' ? [] : [`${option} = ${quoteText(value)}`]);
  return {
    file,
    header: found.HasHeader === true,
    skip: Number(found.SkipRows),
    options: [
      `delim = ${quoteText(text('Delimiter'))}`,
      `quote = ${quoteText(text('Quote'))}`,
      `escape = ${quoteText(text('Escape'))}`,
      `comment = ${quoteText(text('Comment'))}`,
      ...format('new_line', text('NewLineDelimiter')),
      ...format('dateformat', text('DateFormat')),
      ...format('timestampformat', text('TimestampFormat')),
      ...missingOption(csv),
    ],
    columns,
  };
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

function mostFrequentOf(characters: readonly string[], text: string): string | undefined {
  const count = (character: string) => text.split(character).length - 1;
  const [best] = [...characters].sort((a, b) => count(b) - count(a));
  return best !== undefined && count(best) > 0 ? best : undefined;
}
