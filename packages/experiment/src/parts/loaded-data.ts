import type { MultiTaskDataset, TableDataset, TaskSchedule } from '@polytask/core';
import type { TableEncoding } from '@polytask/data';
import type { LoadedImages, TableReading, TableRecord } from '@polytask/data/node';

/** What a source of data gives: rows to learn from and rows to be measured on. */
export interface LoadedData {
  /** In memory (as `tableDataset` makes it) where `split` is to take validation rows from it. */
  readonly train: MultiTaskDataset | TableDataset;
  /** None only where the configuration asks for it. */
  readonly test?: MultiTaskDataset;
  /** Where the data are divided already. */
  readonly validation?: MultiTaskDataset;
  /** What is known of data that are divided as they are read. */
  readonly facts?: DataFacts;
  readonly schedule?: TaskSchedule;
  readonly alone?: { readonly [task: string]: MultiTaskDataset };
}

/** What is known of the data of a run besides its rows. */
export interface DataFacts {
  /** To encode further rows. */
  readonly encoding: TableEncoding;
  /** To read later files as those of the run. */
  readonly reading?: TableReading;
  readonly record: TableRecord | LoadedImages['record'];
  /** Where the rows came from, for people. */
  readonly source: string;
  readonly leftOut?: TableRecord['leftOut'];
  /** Rows that cannot be read. */
  readonly badRows?: number;
}
