import type { FeatureOptions } from '../../encoding/features.js';
import { findColumns } from './csv-columns.js';
import { csvSql } from './csv-files.js';
import type { CsvOptions } from './csv-options.js';
import { type ColumnReading, fitsSql, valueSql } from './csv-values.js';
import { type Database, quoteName } from './duckdb.js';
import {
  adviceOn,
  ambiguousDates,
  isoSql,
  lookAtFiles,
  otherReader,
  type Reader,
  requireOneFormat,
  type TableReading,
  typedColumns,
} from './reader-sql.js';
import type { SourceFile } from './source-files.js';

/** Rows that a model is to be used for. */
export interface LaterRows {
  /** The name that SQL has for them. */
  readonly table: string;
  readonly csv: CsvOptions;
  /** What was found out in training. */
  readonly reading: TableReading | undefined;
  /** Whether the rows go through SQL. */
  readonly sql: boolean;
  /** Columns that have to be there. */
  readonly needed: readonly string[];
  readonly place: readonly string[];
}

/** Columns of a CSV file that are texts so far. */
export interface CsvColumns {
  /** How each is read, without a use as usual for its type; and what columns of numbers look like that have none. */
  expressions(
    columns: readonly { readonly name: string; readonly use: FeatureOptions['type'] | undefined }[],
  ): Promise<{ readonly select: readonly string[]; readonly advice: readonly string[] }>;
}

/**
 * The SQL that reads later files as the training files were read. CSV files that go through no SQL are read as texts, and their
 * columns by what they are used for, so that every value that is wrong can be told with its row.
 */
export async function laterReader(
  database: Database,
  files: readonly SourceFile[],
  { table, csv: options, reading, sql, needed, place }: LaterRows,
): Promise<{ reader: Reader; columns?: CsvColumns }> {
  const [first] = files as [SourceFile];
  requireOneFormat(files, place);
  if (first.format !== 'csv') {
    const other = await castedReader(database, files, reading, sql, place);
    return { reader: { of: () => other } };
  }
  const csv = { ...keptOptions(reading), ...options };
  const looked = await lookAtFiles(files, place, csv, needed);
  const all = looked.map(({ file }) => file);
  const texts = (all[0] as (typeof all)[number]).columns;
  const names = texts.map(({ name }) => name);
  const view = quoteName(`polytask:raw:${table}`);
  await database.run(`CREATE VIEW ${view} AS SELECT * FROM ${csvSql(all, texts, 'skip')}`);
  const found =
    reading === undefined
      ? await findColumns(database, view, names, looked[0]?.seen.samples ?? [], csv, csv.missing ?? [''])
      : { columns: reading.columns, ambiguous: [] };
  const byName = new Map(found.columns.map((column) => [column.name, column]));
  const readings = names.map((name) => byName.get(name) ?? { name, type: 'VARCHAR' });
  const samplesOf = (name: string) => looked.flatMap(({ seen }) => seen.samples[seen.names.indexOf(name)] ?? []);
  const ofFiles = { files: all, columns: texts };
  if (sql) {
    const typed = await typedColumns(database, view, readings, csv, place);
    return { reader: { of: (badLines) => `(SELECT ${typed} FROM ${csvSql(all, texts, badLines)})`, csv: ofFiles } };
  }
  return {
    reader: { of: (badLines) => csvSql(all, texts, badLines), csv: ofFiles },
    columns: {
      expressions: async (columns) => {
        const asked = columns.map(({ name, use }) => {
          const column = byName.get(name) ?? { name, type: 'VARCHAR' };
          const isNumber = /^(BIGINT|HUGEINT|DOUBLE)$/.test(column.type);
          return { column, use: use ?? (isNumber ? 'number' : 'text') };
        });
        const undecided = found.ambiguous.find(({ column }) =>
          columns.some(({ name, use }) => name === column && use === 'date'),
        );
        if (undecided !== undefined) throw ambiguousDates(undecided, place);
        const wrong = await withWrongNumbers(
          database,
          view,
          asked.filter(({ use }) => use === 'number').map(({ column }) => column.name),
          csv,
        );
        return {
          select: asked.map(({ column, use }) => expressionOf(column, use, csv, wrong)),
          advice: [...wrong].flatMap((name) => adviceOn(name, samplesOf(name), csv)),
        };
      },
    },
  };
}

/** How training files were written; lines before the header are a matter of each file. */
function keptOptions(reading: TableReading | undefined): CsvOptions {
  if (reading?.csv === undefined) return {};
  const { delimiter, quote, header } = reading.csv;
  return { delimiter, quote, header };
}

function expressionOf(
  column: ColumnReading,
  use: FeatureOptions['type'],
  csv: CsvOptions,
  wrong: ReadonlySet<string>,
): string {
  const text = quoteName(column.name);
  if (use === 'number' && !wrong.has(column.name)) return valueSql(text, { type: 'DOUBLE' }, csv);
  // One that is not a number is shown as it is written.
  if (use === 'number')
    return csv.decimal === ','
      ? `CASE WHEN contains(${text}, '.') THEN ${text} || '?' ELSE replace(${text}, ',', '.') END`
      : text;
  if (use === 'date' && /^(DATE|TIMESTAMP)/.test(column.type)) return isoSql(text, column);
  const isWhole = /^(BIGINT|HUGEINT)$/.test(column.type);
  return isWhole && use === 'category' ? `trim(${text})` : text;
}

/** Columns with values that are no numbers. */
async function withWrongNumbers(
  database: Database,
  view: string,
  names: readonly string[],
  csv: CsvOptions,
): Promise<Set<string>> {
  const wrong = new Set<string>();
  for (let from = 0; from < names.length; from += 400) {
    const some = names.slice(from, from + 400);
    const counts = some.map((name, c) => {
      const text = quoteName(name);
      const fits = `${fitsSql(text, { type: 'BIGINT' }, csv)} OR ${valueSql(text, { type: 'DOUBLE' }, csv)} IS NOT NULL AND NOT contains(${text}, '_')`;
      return `count(CASE WHEN ${text} IS NOT NULL AND NOT coalesce(${fits}, false) THEN 1 END)::DOUBLE AS c${c}`;
    });
    const [row = {}] = await database.rows(`SELECT ${counts.join(', ')} FROM ${view}`);
    some.forEach((name, c) => {
      if (row[`c${c}`] !== 0) wrong.add(name);
    });
  }
  return wrong;
}

/** The reader of files with types of their own; for SQL, with those that they had in training. */
async function castedReader(
  database: Database,
  files: readonly SourceFile[],
  reading: TableReading | undefined,
  sql: boolean,
  place: readonly string[],
): Promise<string> {
  const reader = await otherReader(database, files, place);
  if (!sql || reading === undefined) return reader;
  const found = await database.rows(`DESCRIBE SELECT * FROM ${reader}`);
  const before = new Map(reading.columns.map(({ name, type }) => [name, type]));
  const selected = found.map(({ column_name, column_type }) => {
    const name = String(column_name);
    const type = before.get(name) ?? String(column_type);
    // What a JSON file has no value for in any row has no type of its own.
    return type === String(column_type) ? quoteName(name) : `CAST(${quoteName(name)} AS ${type}) AS ${quoteName(name)}`;
  });
  return `(SELECT ${selected.join(', ')} FROM ${reader})`;
}
