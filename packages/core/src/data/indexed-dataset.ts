import type { InputSpecs } from '../contracts/batch.js';
import type { CursorOptions, MultiTaskDataset, RawBatch } from '../contracts/dataset.js';
import type { HostTensor } from '../contracts/tensors.js';
import { DatasetError } from '../errors/dataset-error.js';
import { UnknownNameError } from '../errors/unknown-name-error.js';
import { batchCount } from './batch-count.js';
import { type TableCursor, tableCursor } from './table-cursor.js';

/** All labels of one column. */
export interface StoredLabels {
  /** `[rows, ...]` */
  readonly targets: HostTensor;
  readonly weights?: Float32Array;
  /** `[rows]` */
  readonly ids: Int32Array;
}

/** A data set whose rows are in memory and can be had in any order. */
export interface TableDataset extends MultiTaskDataset {
  /** The rows' stable ids, in row order. */
  readonly ids: Int32Array;
  open(options: CursorOptions): TableCursor;
  /**
   * The given rows as a batch.
   *
   * @throws DatasetError (`POLYTASK_DATASET`) where a row does not exist.
   */
  gather(rows: ArrayLike<number>, before?: RawBatch): RawBatch;
  /**
   * All labels of a column, in row order; not to be written to.
   *
   * @throws UnknownNameError (`POLYTASK_UNKNOWN_NAME`) where there is no such column.
   */
  labels(column: string): StoredLabels;
}

/** What {@link indexedDataset} adds the rest to. */
export interface IndexedRows {
  readonly inputs: InputSpecs;
  readonly columns: readonly string[];
  readonly ids: Int32Array;
  /** `rows` exist. */
  gather(rows: ArrayLike<number>, before?: RawBatch): RawBatch;
  /** `column` exists. */
  labels(column: string): StoredLabels;
}

/** A {@link TableDataset} from what is particular to it: adds cursors, counts and checks. */
export function indexedDataset(table: IndexedRows): TableDataset {
  const { inputs, columns, ids } = table;
  const size = ids.length;
  return {
    inputs,
    columns,
    ids,
    size,
    sources: [{ name: 'table', rows: size }],
    batches: (options) => batchCount(size, options),
    open: (options) => tableCursor(size, table.gather, options),
    gather(rows, options) {
      checkRows(rows, size);
      return table.gather(rows, options);
    },
    labels(column) {
      if (!columns.includes(column)) throw new UnknownNameError('column', column, columns);
      return table.labels(column);
    },
  };
}

/** Throws unless all rows exist. */
export function checkRows(rows: ArrayLike<number>, size: number): void {
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i] as number;
    if (Number.isInteger(row) && row >= 0 && row < size) continue;
    throw new DatasetError(`Rows must be whole numbers from 0 to ${size - 1}, but row ${row} was asked for.`);
  }
}
