import type { OrderedDataset, StoredLabels } from '@polytask/core';

/** Rows of a data set in strata, of which each has its own share of an epoch. */
export interface Strata {
  /** By row, in the order of `labels`: the number of its stratum, from 0; below 0, the row is left out. */
  readonly codes: Int32Array;
  /** By stratum: how often each of its rows comes in an epoch, on average. */
  readonly times: readonly number[];
  /** How many data sets are read at the same time and share the memory for it. Default 1. */
  readonly streams?: number;
}

/** A data set that reads its rows from disk, a part at a time. */
export interface StreamedDataset extends OrderedDataset {
  /** All labels of a column, in the order of the file; rows that come several times per epoch weigh as much more. */
  labels(column: string): Promise<StoredLabels>;
  /**
   * The same rows in other shares. A batch has rows of every stratum in proportion to their shares of an epoch; a stratum
   * that is used up within an epoch starts over in a new order. Where rows have to be left out or brought together by stratum,
   * they are copied within the cache, once.
   */
  draw(strata: Strata): Promise<StreamedDataset>;
}
