import { resolve } from 'node:path';
import { loadImages, TableError } from '@polytask/data/node';
import * as z from 'zod';
import { text } from '../config/words.js';
import type { LoadedData } from './datasets.js';
import type { BuildContext } from './part-table.js';
import { drawTrainingRows, trainingRowsShape } from './training-rows.js';

/** Options of images. */
export const imagesShape = {
  folder: text('a folder').describe(
    'Folder of PNG or JPEG images of one size; without `table`, in a folder per class.',
  ),
  table: text('a path').exactOptional().describe('File with a row per image: CSV, Parquet, JSON or JSONL.'),
  path: text("a column's name").exactOptional().describe('Column of `table` with paths, from `folder`. Default file.'),
  channels: z
    .union([z.literal(1), z.literal(3)], { error: '1 or 3' })
    .exactOptional()
    .describe('1: grey; 3: colour. Default: as the first image.'),
  ...trainingRowsShape,
};

/** Loads images with the labels of the tasks. */
export async function imageData(
  { folder, table, sampling, mixing, ...options }: z.output<z.ZodObject<typeof imagesShape>>,
  context: BuildContext,
): Promise<LoadedData> {
  const { labels = [], split = {}, columns = {}, signal } = context;
  const { train, validation, test, encoding, record } = await loadImages({
    ...(options as { path?: string; channels?: 1 | 3 }),
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
    test: test as NonNullable<typeof test>,
    facts: { encoding, record, source: `${record.images} images in ${folder}` },
  };
}
