import type { MultiTaskDataset, RawBatch } from '../contracts/dataset.js';
import type { State } from '../contracts/tensors.js';
import type { StreamKey } from '../random/uniform-stream.js';
import type { StoredLabels, TableDataset } from './indexed-dataset.js';
import { rowOrder } from './row-order.js';

/** Goes through a data set in endless orders that have names. */
export interface OrderedRows {
  /** What an order depends on besides seed and key; a place in it is the same place only under the same. Default: nothing. */
  readonly layout?: State;
  /**
   * Rows `from` to `from + count` of the order that `key` names. Its first `size` rows are all rows once, the next `size` all
   * rows once more in another order, and so on. At once where the rows are in memory.
   */
  take(key: StreamKey, from: number, count: number): RawBatch | Promise<RawBatch>;
}

/**
 * A data set of which rows can be had in any number at a time, in orders that have names: what a data set made of several
 * needs of each. For rows that are not in memory, or not all of them.
 */
export interface OrderedDataset extends MultiTaskDataset {
  /** All row ids are below it. */
  readonly idLimit: number;
  /** Opens an order for every key; without a seed, rows come in their own. */
  orderedRows(shuffleSeed: string | undefined): OrderedRows;
  /** All labels of a column. */
  labels(column: string): StoredLabels | Promise<StoredLabels>;
}

/** The rows of a table in orders: all in memory, any as likely as any other. */
export function orderedTableRows({ size, gather }: TableDataset, shuffleSeed: string | undefined): OrderedRows {
  let kept: { readonly key: string; readonly rows: Uint32Array } | undefined;
  const order = (key: StreamKey, pass: number): Uint32Array => {
    const name = JSON.stringify([key, pass]);
    if (kept?.key !== name) kept = { key: name, rows: rowOrder(size, shuffleSeed, ...key, pass) };
    return kept.rows;
  };
  return {
    take(key, from, count) {
      const rows = new Uint32Array(count);
      for (let i = 0; i < count; i++) {
        rows[i] = order(key, Math.floor((from + i) / size))[(from + i) % size] as number;
      }
      return gather(rows);
    },
  };
}
