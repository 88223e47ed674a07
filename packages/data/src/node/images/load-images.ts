import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { type HostTensor, PolytaskError, requireOption, type TableDataset, tableDataset } from '@polytask/core';
import { within } from '@polytask/core/node';
import { encodeRows, learnTable } from '../../encoding/encode-rows.js';
import { checkClasses, joinLabels, type LabelOptions } from '../../encoding/labels.js';
import type { RawRow } from '../../encoding/raw-values.js';
import type { TableEncoding } from '../../encoding/table-encoding.js';
import { assignParts, countParts } from '../../split/assign-parts.js';
import { columnsOfRule, parts, type SplitOptions, splitRule } from '../../split/split-options.js';
import { readRows } from '../reading/read-rows.js';
import { hashFile } from '../reading/source-files.js';
import { noSuchColumn, TableError } from '../reading/table-error.js';
import type { SplitRecord } from '../tables/split-table.js';
import { looksOf, type ReadImagesOptions, readImages } from './read-images.js';

/** Where images come from and what is known of them, for {@link loadImages}. */
export interface ImagesOptions extends Omit<ReadImagesOptions, 'signal' | 'like'> {
  /** Folder with the images. Without `table`, images lie in it in one folder per class. */
  readonly folder: string;
  /** File with a row per image: CSV, Parquet, JSON or JSONL. */
  readonly table?: string;
  /** Column of `table` with the images' paths, from `folder`. Default `'file'`. */
  readonly path?: string;
  /** Columns with labels; without `table`, the only one is `class`. */
  readonly labels: readonly LabelOptions[];
  /** How images are divided. Default: all are for training. */
  readonly split?: SplitOptions;
  /** Stops reading; its reason is thrown. */
  readonly signal?: AbortSignal;
}

/** Images with labels, ready to learn from. */
export interface LoadedImages {
  readonly train: TableDataset;
  readonly validation?: TableDataset;
  readonly test?: TableDataset;
  /** Names of classes; images have nothing else that is learned before training. */
  readonly encoding: TableEncoding;
  readonly record: { readonly fingerprint: string; readonly images: number; readonly split: SplitRecord };
}

/**
 * Reads PNG or JPEG images of one size with their labels, from folders named like classes or from a table of paths, and
 * divides them. Input `image` is `[height, width, channels]`, float32 in 0 … 1, held as bytes.
 *
 * @throws TableError (`POLYTASK_DATASET`) where there is no image, a file is missing or broken, or a column is not there.
 * @example
 * ```ts no-run needs images
 * import { loadImages } from '@polytask/data/node';
 *
 * // animals/cat/1.png, animals/dog/1.png, ...
 * const { train, test, encoding } = await loadImages({
 *   folder: 'animals',
 *   labels: [{ column: 'class', kind: 'class' }],
 *   split: { test: 0.2 },
 * });
 * ```
 */
export async function loadImages(options: ImagesOptions): Promise<LoadedImages> {
  const { folder, table, path = 'file', labels, split = {}, channels, size, signal } = options;
  checkClasses(labels);
  requireOption(labels.length > 0, 'labels', 'at least one column', labels);
  const rows = table === undefined ? await rowsOfFolder(folder) : await rowsOfTable(table, signal);
  const known = Object.keys(rows[0] ?? {}).map((name) => ({ name }));
  const column = table === undefined ? 'file' : path;
  if (!known.some(({ name }) => name === column)) throw noSuchColumn(['path'], column, known);
  for (const { column: label } of labels) {
    if (!known.some(({ name }) => name === label)) throw noSuchColumn(['labels', label], label, known);
  }
  const files = rows.map((row, index) => {
    const file = row[column];
    try {
      if (typeof file === 'string') return within(folder, file);
    } catch (error) {
      if (!PolytaskError.isInstance(error)) throw error;
    }
    throw new TableError(
      ['path'],
      `\`${column}\` must be a path within ${folder}, but row ${index + 1} has ${JSON.stringify(file)}`,
    );
  });
  const rule = splitRule(split);
  const values = columnsOfRule(rule).map((name) => {
    if (!known.some((one) => one.name === name)) throw noSuchColumn(['split', rule.by], name, known);
    return rows.map((row) => row[name]);
  });
  const assigned = assignParts(rule, rows.length, rule.columns === undefined ? (values[0] ?? []) : values);
  const placesOf = (part: number) => [...assigned.keys()].filter((row) => assigned[row] === part);
  const pick = (places: readonly number[]) => places.map((row) => rows[row] as RawRow);
  const encoding = learnTable(pick(placesOf(0)), { features: [], labels });
  // Of all images, not of each part: parts have to be alike.
  const like = await looksOf(files);
  const open = async (part: number) => {
    const places = placesOf(part);
    const image = await readImages(
      places.map((row) => files[row] as string),
      {
        like,
        ...(channels === undefined ? {} : { channels }),
        ...(size === undefined ? {} : { size }),
        ...(signal === undefined ? {} : { signal }),
      },
    );
    const encoded = encodeRows(encoding, pick(places), { labels: true });
    const joined = joinLabels(labels, encoded.columns, encoded.size);
    const columns = Object.fromEntries(joined.map(({ column: name, ...label }) => [name, label as HostTensor]));
    return tableDataset({ inputs: { image }, columns, ids: Int32Array.from(places) });
  };
  const counts = countParts(assigned);
  const train = await open(0);
  const hash = createHash('sha256').update(
    JSON.stringify({ rule, labels, rows, ...(size === undefined ? {} : { size }) }),
  );
  for (const file of files) hash.update(await hashFile(file));
  return {
    train,
    ...(counts.validation === 0 ? {} : { validation: await open(parts.indexOf('validation')) }),
    ...(counts.test === 0 ? {} : { test: await open(parts.indexOf('test')) }),
    encoding,
    record: {
      fingerprint: hash.digest('hex'),
      images: rows.length,
      split: { ...rule, rows: counts, digest: createHash('sha256').update(assigned).digest('hex') },
    },
  };
}

/** The images in folders named like their classes, by name. */
async function rowsOfFolder(folder: string): Promise<RawRow[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((error: Error) => {
    throw new TableError(['folder'], `${folder} must be a folder that can be read, but: ${error.message}`, {
      cause: error,
    });
  });
  const rows = entries
    .filter((entry) => entry.isFile() && /\.(png|jpe?g)$/i.test(entry.name))
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
    .filter((file) => file.includes('/'))
    .sort()
    .map((file) => ({ file, class: dirname(file) }));
  if (rows.length > 0) return rows;
  throw new TableError(['folder'], `${folder} must hold images (.png, .jpg) in a folder per class, but holds none`);
}

async function rowsOfTable(table: string, signal: AbortSignal | undefined): Promise<RawRow[]> {
  const rows: RawRow[] = [];
  const options = {
    encoding: { format: 1 as const, features: [], labels: [] },
    ...(signal === undefined ? {} : { signal }),
  };
  for await (const some of readRows(table, options)) rows.push(...some);
  if (rows.length === 0) throw new TableError(['table'], `${table} must have a row, but has none`);
  return rows;
}
