import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { requireOption, type TableDataset } from '@polytask/core';
import type { LabelOptions } from '../encoding/labels.js';
import { inputsOfTable, type TableEncoding } from '../encoding/table-encoding.js';
import type { StreamedDataset } from '../sampling/streamed-dataset.js';
import { parts, type SplitOptions, splitRule } from '../split/split-options.js';
import { type BadRows, checkBadRows, joinBadRows } from './bad-rows.js';
import { cached, defaultCache } from './cache-folder.js';
import { type ChosenFeatures, chooseFeatures, type FeatureChoice } from './choose-features.js';
import { type ConvertedSource, convertSource, type SourceInfo } from './convert-source.js';
import { type Database, openDatabase, quoteName, quoteText } from './duckdb.js';
import { encodeTable, learnEncoding } from './encode-table.js';
import type { CsvOptions } from './reader-sql.js';
import { type RowLayout, wordsOf } from './row-file.js';
import { loadRowFile, streamRowFile } from './row-file-dataset.js';
import { type SplitRecord, splitTable } from './split-table.js';
import { noSuchColumn, TableError } from './table-error.js';
import { sourceOf } from './table-source.js';

/** Where a table comes from and what is in it, for {@link loadTable}. */
export interface TableOptions {
  /**
   * Files of rows, CSV, Parquet, JSON or JSONL by their names, or folders of such files: one or several that make one table,
   * or tables by the names under which `sql` reads them. A table without a name is called `data` there.
   */
  readonly source: string | readonly string[] | { readonly [table: string]: string | readonly string[] };
  /** A SELECT over the source, in DuckDB's SQL. Default: the source as it is. */
  readonly sql?: string;
  /** Columns with labels. */
  readonly labels: readonly LabelOptions[];
  /** Columns that are inputs. Default: all that are no labels, that rows are not split by, and that can be. */
  readonly features?: FeatureChoice;
  /** Columns that are no features, where `features` is left out. */
  readonly exclude?: readonly string[];
  /** How rows are divided. Default: all are for training. */
  readonly split?: SplitOptions;
  /** How many rows may be left out since they cannot be read. Default 0. */
  readonly maxBadRows?: number;
  /** How CSV files are written, where that cannot be seen in them. */
  readonly csv?: CsvOptions;
  /** Megabytes of encoded rows up to which a part is held in memory; larger ones are streamed from disk. Default 256. */
  readonly memory?: number;
  /** Folder of converted rows; it may be removed at any time. Default: `POLYTASK_CACHE`, else that of the system. */
  readonly cache?: string;
}

/** A part of a table: in memory with any order of rows, or streamed. */
export type TablePart = TableDataset | StreamedDataset;

/** A table, ready to learn from. */
export interface LoadedTable {
  readonly train: TablePart;
  readonly validation?: TablePart;
  readonly test?: TablePart;
  /** What was learned of the training rows: with it, `encodeRows` prepares further rows. */
  readonly encoding: TableEncoding;
  /** How the data came about, to be kept with a run. */
  readonly record: TableRecord;
}

/** How the data of a run came about: plain data. */
export interface TableRecord {
  /** SHA-256 of everything that rows and encoding depend on. */
  readonly fingerprint: string;
  readonly source: Pick<SourceInfo, 'fingerprint' | 'files' | 'rows'>;
  readonly split: SplitRecord;
  /** Features whose type was found out, by what they were taken for. */
  readonly inferred: { readonly [column: string]: string };
  readonly leftOut: ChosenFeatures['leftOut'];
  readonly badRows: BadRows;
  readonly streamed: boolean;
}

interface Stored {
  readonly encoding: TableEncoding;
  readonly layout: RowLayout;
  readonly rows: readonly number[];
  readonly badRows: BadRows;
  readonly split: SplitRecord;
  readonly chosen: ChosenFeatures;
}

/** A new number where what is written to the cache changes. */
const format = 2;

/**
 * Reads a table from files: converts them once, divides the rows, learns how features are encoded from the training rows
 * only, and gives a data set per part. Inputs are `numbers` and, where categories are embedded, `categories`; label columns
 * keep their names. Missing labels are missing.
 *
 * Row ids are the numbers of rows in the source, from 0. Larger tables than `memory` are streamed: their order is then
 * random block by block (1 MB) with rows mixed among 32 MB; rows lie in random order in the cache, so that a block is a
 * random sample.
 *
 * @throws TableError (`POLYTASK_DATASET`) where a file or column is not there, a column or task has no value, there is no
 * row, more rows than `maxBadRows` cannot be read, or a class for validation or test is not among the training rows.
 * @throws PolytaskError (`POLYTASK_NO_DUCKDB`) where DuckDB's library is not installed.
 * @example
 * ```ts
 * import { loadTable } from '@polytask/data/node';
 *
 * const { train, test, encoding } = await loadTable({
 *   source: 'node_modules/vega-datasets/data/seattle-weather.csv',
 *   labels: [
 *     { column: 'temp_max', kind: 'number' },
 *     { column: 'weather', kind: 'class' },
 *   ],
 *   features: ['date', 'wind'],
 *   split: { test: 0.2, seed: 1 },
 * });
 * console.log(train.size, test?.size, train.inputs.numbers?.shape); // => 1169 292 [ 5 ]
 * console.log(encoding.labels[1]);
 * // => { kind: 'class', column: 'weather', rows: 1169, classes: [ 'drizzle', 'fog', 'rain', 'snow', 'sun' ],
 * // => counts: [ 44, 79, 524, 22, 500 ] }
 * ```
 */
export async function loadTable(options: TableOptions): Promise<LoadedTable> {
  const { maxBadRows = 0, memory = 256, cache = defaultCache(), split = {}, exclude = [] } = options;
  requireOption(Number.isInteger(maxBadRows) && maxBadRows >= 0, 'maxBadRows', 'a whole number from 0', maxBadRows);
  requireOption(memory >= 0, 'memory', 'a number of megabytes from 0', memory);
  requireOption(options.labels.length > 0, 'labels', 'at least one column', options.labels);
  const converted = await convertSource(sourceOf(options, maxBadRows), cache);
  checkBadRows(converted.info.badRows, maxBadRows);
  if (converted.info.rows === 0) throw new TableError(placeOf(options), 'the table must have a row, but has none');
  const facts = { format, source: converted.info.fingerprint, split: splitRule(split), labels: options.labels };
  const choice = { features: options.features === undefined ? null : Object.entries(options.features), exclude };
  const fingerprint = createHash('sha256')
    .update(JSON.stringify({ ...facts, ...choice }))
    .digest('hex');
  const folder = await cached(cache, `table-${fingerprint.slice(0, 40)}`, async (making) => {
    const stored = await encode(converted, options, making);
    await writeFile(join(making, 'table.json'), JSON.stringify(stored));
  });
  const stored = JSON.parse(await readFile(join(folder, 'table.json'), 'utf8')) as Stored;
  const badRows = joinBadRows(converted.info.badRows, stored.badRows);
  checkBadRows(badRows, maxBadRows);

  const { encoding, layout, rows, chosen } = stored;
  const inMemory = rows.every((count) => count * wordsOf(layout) * 4 <= memory * 2 ** 20);
  const open = async (part: number): Promise<TablePart> => {
    const file = {
      path: join(folder, `${parts[part]}.rows`),
      rows: rows[part] as number,
      layout,
      inputs: inputsOfTable(encoding),
      columns: encoding.labels.map(({ column }) => column),
      weights: {},
      idLimit: converted.info.rows,
      cache,
      fingerprint: `sha256:${fingerprint}/${parts[part]}`,
    };
    return inMemory ? loadRowFile(file) : streamRowFile(file);
  };
  const train = await open(0);
  const validation = rows[1] === 0 ? undefined : await open(1);
  const test = rows[2] === 0 ? undefined : await open(2);
  const types = new Map(encoding.features.map(({ column, type }) => [column, type]));
  const { files, rows: sourceRows, fingerprint: ofSource } = converted.info;
  return {
    train,
    ...(validation === undefined ? {} : { validation }),
    ...(test === undefined ? {} : { test }),
    encoding,
    record: {
      fingerprint,
      source: { fingerprint: ofSource, files, rows: sourceRows },
      split: stored.split,
      inferred: Object.fromEntries(chosen.inferred.map((column) => [column, String(types.get(column))])),
      leftOut: chosen.leftOut,
      badRows,
      streamed: !inMemory,
    },
  };
}

const placeOf = ({ sql }: TableOptions) => (sql === undefined ? ['source'] : ['sql']);

/** Divides, learns and encodes; writes a row file per part. */
async function encode({ rowsFile, info }: ConvertedSource, options: TableOptions, folder: string): Promise<Stored> {
  const { labels, split = {}, features, exclude = [] } = options;
  // One thread: the order of results must be that of the file.
  const database = await openDatabase({ files: [rowsFile], threads: 1, memory: 512 });
  try {
    const taken = new Map<string, string>();
    for (const by of ['group', 'time', 'column'] as const) {
      if (split[by] !== undefined) taken.set(split[by], 'column that rows are split by');
    }
    for (const { column } of labels) {
      const place = ['labels', column];
      if (!info.columns.some(({ name }) => name === column)) throw noSuchColumn(place, column, info.columns);
      if (taken.get(column)?.startsWith('label')) throw new TableError(place, `column \`${column}\` is named twice`);
      taken.set(column, `label column of a task`);
    }
    const chosen = await chooseFeatures(database, rowsFile, info, features, exclude, taken);
    const { assigned, record } = await splitTable(database, rowsFile, info, split);
    await refuseEmptyColumns(database, rowsFile, labels, chosen);
    const file = info.files.length === 1 ? info.files[0]?.name : undefined;
    const source = { database, rowsFile, columns: info.columns, assigned, file };
    const schema = { features: chosen.features, labels };
    const encoding = await learnEncoding(source, schema, (badRows) =>
      checkBadRows(joinBadRows(info.badRows, badRows), options.maxBadRows ?? 0),
    );
    const encoded = await encodeTable(source, encoding, schema, (part) => join(folder, `${part}.rows`));
    return { ...encoded, split: record, chosen };
  } finally {
    database.close();
  }
}

/** A column without any value has been named, or written, by mistake. */
async function refuseEmptyColumns(
  database: Database,
  rowsFile: string,
  labels: readonly LabelOptions[],
  { features }: ChosenFeatures,
): Promise<void> {
  const names = [...labels, ...features].map(({ column }) => column);
  const counts = names.map((name, index) => `count(${quoteName(name)})::DOUBLE AS c${index}`);
  const [found = {}] = await database.rows(`SELECT ${counts.join(', ')} FROM read_parquet(${quoteText(rowsFile)})`);
  names.forEach((name, index) => {
    if (found[`c${index}`] !== 0) return;
    const [place, advice] =
      index < labels.length
        ? ['labels', 'its task has nothing to learn; leave the task out, or correct the column']
        : ['features', 'leave it out, by `exclude` or by naming the features'];
    throw new TableError([place, name], `column \`${name}\` is NULL in all rows: ${advice}`);
  });
}
