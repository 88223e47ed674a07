import { resolve } from 'node:path';
import { choice, list, type OptionsOf, optional, required, text, whole } from '@polytask/core';
import { loadImages, TableError } from '@polytask/data/node';
import type { LoadedData } from './loaded-data.js';

import type { BuildContext } from './part-table.js';
import { drawTrainingRows, trainingRowsOptions } from './training-rows.js';

/** Options of images. */
export const imagesOptions = {
  folder: required(
    text('a folder'),
    'Folder of PNG or JPEG images of one size; without `table`, in a folder per class.',
  ),
  table: optional(text('a path'), 'File with a row per image: CSV, Parquet, JSON or JSONL.'),
  path: optional(text("a column's name"), 'Column of `table` with paths, from `folder`.', 'file'),
  channels: optional(choice(1, 3), '1: grey; 3: colour.', 'as the first image'),
  size: optional(
    list(whole({ from: 1, to: 4096 }), { least: 2, most: 2 }),
    'Height and width that images are scaled to.',
    'that of the first image, which all must have',
  ),
  ...trainingRowsOptions,
};

/** Loads images with the labels of the tasks. */
export async function imageData(
  { folder, table, sampling, mixing, ...options }: OptionsOf<typeof imagesOptions>,
  context: BuildContext,
): Promise<LoadedData> {
  const { labels = [], split = {}, columns = {}, signal } = context;
  const { train, validation, test, encoding, record } = await loadImages({
    ...(options as { path?: string; channels?: 1 | 3; size?: readonly [number, number] }),
    folder: resolve(context.folder, folder),
    ...(table === undefined ? {} : { table: resolve(context.folder, table) }),
    labels: labels.map((label) => {
      if (!('columns' in label)) return label;
      throw new TableError(
        ['labels', label.column],
        'images have one label per column; expected `column`, not `columns`',
      );
    }),
    split,
    ...(signal === undefined ? {} : { signal }),
  });
  return {
    ...(await drawTrainingRows(train, { sampling, mixing } as never, columns)),
    ...(validation === undefined ? {} : { validation }),
    ...(test === undefined ? {} : { test }),
    facts: { encoding, record, source: `${record.images} images in ${folder}` },
  };
}
