import type { TableDataset } from '@polytask/core';
import type { LabelOptions, VectorLabel } from '../../encoding/labels.js';
import type { InputNames, TableEncoding } from '../../encoding/table-encoding.js';
import type { StreamedDataset } from '../../sampling/streamed-dataset.js';
import type { SplitOptions } from '../../split/split-options.js';
import type { BadRows } from '../reading/bad-rows.js';
import type { SourceInfo } from '../reading/convert-source.js';
import type { CsvOptions } from '../reading/csv-options.js';
import type { TableReading } from '../reading/reader-sql.js';
import type { ChosenFeatures, FeatureChoice } from './choose-features.js';
import type { ColumnReport } from './describe-columns.js';
import type { SplitRecord } from './split-table.js';

/** Where a table comes from and what is in it, for `loadTable`. */
export interface TableOptions {
  /**
   * Files of rows, CSV, Parquet, JSON or JSONL by their names, or folders of such files: one or several that make one table,
   * or tables by the names under which `sql` reads them. A table without a name is called `data` there.
   */
  readonly source: string | readonly string[] | { readonly [table: string]: string | readonly string[] };
  /**
   * Files of rows to measure on, each with the columns of `source`, whose rows are then all for training, but for the share of
   * `split.validation` where no file is for that. Row numbers go on from one to the next.
   */
  readonly files?: { readonly validation?: TableOptions['source']; readonly test?: TableOptions['source'] };
  /** A SELECT over the source, in DuckDB's SQL. Default: the source as it is. */
  readonly sql?: string;
  /** Seconds that `sql` may take. Default: no limit. */
  readonly sqlTimeout?: number;
  /** Columns with labels; several columns may be one label. */
  readonly labels: readonly (LabelOptions | VectorLabel)[];
  /**
   * Column of weights, numbers from 0, by which rows count in losses and metrics: one for all labels, or one by label. Default:
   * every row counts once.
   */
  readonly weights?: string | { readonly [label: string]: string };
  /** Columns that are inputs. Default: all that are no labels, that rows are not split by, and that can be. */
  readonly features?: FeatureChoice;
  /**
   * Features as an earlier table's training rows said, in the place of `features`, so that a model that learned from those can learn on:
   * their columns have to be there, and nothing is learned of them. Labels are learned anew.
   */
  readonly encoding?: TableEncoding;
  /**
   * Whether columns that a mapping of `features` does not name are features too, as far as they can be: it then refines what is found
   * out. Default false.
   */
  readonly refine?: boolean;
  /** Columns that are no features, where `features` is left out. */
  readonly exclude?: readonly string[];
  /** Into how many pieces columns of numbers are cut that say nothing of it, see `TableSchema`. Default 0. */
  readonly pieces?: number;
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
  /** Stops reading and converting at once; its reason is thrown. */
  readonly signal?: AbortSignal | undefined;
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
  /** What reading found out about the files; given to `readRows`, later files are read alike. */
  readonly reading: TableReading;
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
  /** All columns, with what they were taken for. */
  readonly columns: readonly ColumnReport[];
  /** What may be a mistake, for people. */
  readonly notes: readonly string[];
  readonly badRows: BadRows;
  readonly streamed: boolean;
}
