import type { TableDataset } from '@polytask/core';
import type { LabelOptions, VectorLabel } from '../../encoding/labels.js';
import type { InputNames, TableEncoding } from '../../encoding/table-encoding.js';
import type { StreamedDataset } from '../../sampling/streamed-dataset.js';
import type { SplitOptions } from '../../split/split-options.js';
import { defaultCache } from '../cache/default-cache.js';
import type { BadRows } from '../reading/bad-rows.js';
import { convertSource, type SourceInfo } from '../reading/convert-source.js';
import type { CsvOptions } from '../reading/reader-sql.js';
import { sourceOf } from '../reading/table-source.js';
import type { ChosenFeatures, FeatureChoice } from './choose-features.js';
import { checkTableOptions, loadConverted } from './load-converted.js';
import type { SplitRecord } from './split-table.js';

/** Where a table comes from and what is in it, for {@link loadTable}. */
export interface TableOptions {
  /**
   * Files of rows, CSV, Parquet, JSON or JSONL by their names, or folders of such files: one or several that make one table,
   * or tables by the names under which `sql` reads them. A table without a name is called `data` there.
   */
  readonly source: string | readonly string[] | { readonly [table: string]: string | readonly string[] };
  /** A SELECT over the source, in DuckDB's SQL. Default: the source as it is. */
  readonly sql?: string;
  /** Columns with labels; several columns may be one label. */
  readonly labels: readonly (LabelOptions | VectorLabel)[];
  /**
   * Column of weights, numbers from 0, by which rows count in losses and metrics: one for all labels, or one by label. Default:
   * every row counts once.
   */
  readonly weights?: string | { readonly [label: string]: string };
  /** Columns that are inputs. Default: all that are no labels, that rows are not split by, and that can be. */
  readonly features?: FeatureChoice;
  /** Columns that are no features, where `features` is left out. */
  readonly exclude?: readonly string[];
  /** What the inputs are called, such as `{ numbers: 'weather' }`. Default `numbers` and `categories`. */
  readonly inputs?: InputNames;
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

/**
 * Reads a table from files: converts them once, divides the rows, learns how features are encoded from the training rows
 * only, and gives a data set per part. Inputs are `numbers` and, where categories are embedded, `categories`, unless they are
 * given other names; label columns keep theirs. Missing labels are missing.
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
  checkTableOptions(options);
  const { maxBadRows = 0, cache = defaultCache(), sql } = options;
  const converted = await convertSource(sourceOf(options, maxBadRows), cache);
  return loadConverted(converted, options, sql === undefined ? ['source'] : ['sql']);
}
