import { createHash } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { nearestWord } from '@polytask/core';
import { openRegularFile, within } from '@polytask/core/node';
import { TableError } from './table-error.js';

/** How a file is read. */
export type FileFormat = 'csv' | 'parquet' | 'json' | 'jsonl';

/** A file that rows come from. */
export interface SourceFile {
  readonly path: string;
  readonly format: FileFormat;
  readonly bytes: number;
  /** Whether it is gzipped. */
  readonly packed: boolean;
}

/** Endings of file names; text formats may be gzipped. */
const formats: Readonly<Record<string, FileFormat>> = {
  csv: 'csv',
  tsv: 'csv',
  txt: 'csv',
  parquet: 'parquet',
  json: 'json',
  jsonl: 'jsonl',
  ndjson: 'jsonl',
};

/**
 * The files that a path means: itself, or all files of a folder that rows can be read from, by name. A path may be a link, since it
 * could as well be the path that the link leads to. Files of a folder have been named by nobody, so none of them may lead out of it.
 *
 * @param place - Which option names the path.
 * @throws TableError (`POLYTASK_DATASET`) where there is no such file, or no format is known by its name.
 */
export async function sourceFiles(path: string, place: readonly (string | number)[]): Promise<SourceFile[]> {
  const full = resolve(path);
  const found = await stat(full).catch((error: NodeJS.ErrnoException) => error);
  if (found instanceof Error) throw await missingFile(path, full, place, found);
  if (!found.isDirectory()) return [fileOf(path, full, found.size, place)];
  const names = (await readdir(full)).filter((name) => formatOf(name) !== undefined).sort();
  if (names.length === 0) {
    throw new TableError(place, `the folder ${path} must hold files of rows (${endings()}), but holds none`);
  }
  return Promise.all(
    names.map(async (name) => {
      const file = fileWithin(full, name, place);
      return fileOf(name, file, (await stat(file)).size, place);
    }),
  );
}

/** Refuses a table that has rows of one file twice: half of its validation rows would be training rows too. */
export function refuseRepeated(
  files: readonly SourceFile[],
  place: readonly (string | number)[],
): readonly SourceFile[] {
  const seen = new Set<string>();
  for (const { path } of files) {
    if (seen.has(path)) {
      throw new TableError(
        place,
        `a file must be named once, but ${path} is there several times. Leave out the others`,
      );
    }
    seen.add(path);
  }
  return files;
}

function fileWithin(folder: string, name: string, place: readonly (string | number)[]): string {
  try {
    return within(folder, name);
  } catch (error) {
    const message = `the files of ${folder} must lie in it, but ${name} is a link that leads out of it. Copy the file, or name it by its own path.`;
    throw new TableError(place, message, { cause: error });
  }
}

/** SHA-256 of a file's bytes, read as a stream. */
export async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  const file = await openRegularFile(path);
  for await (const bytes of file.createReadStream({ highWaterMark: 1 << 20 })) hash.update(bytes as Buffer);
  return hash.digest('hex');
}

function fileOf(path: string, full: string, bytes: number, place: readonly (string | number)[]): SourceFile {
  const format = formatOf(full);
  if (format === undefined) {
    throw new TableError(place, `${path} must be a file whose name ends in ${endings()}, or a folder of such files`);
  }
  if (bytes === 0) throw new TableError(place, `${path} must hold rows, but is empty`);
  return { path: full, format, bytes, packed: isPacked(full) };
}

function formatOf(name: string): FileFormat | undefined {
  const ending = /\.([a-z]+)(\.gz)?$/i.exec(name);
  const format = formats[ending?.[1]?.toLowerCase() ?? ''];
  return ending?.[2] !== undefined && format === 'parquet' ? undefined : format;
}

const isPacked = (name: string) => /\.gz$/i.test(name);

function endings(): string {
  return Object.keys(formats)
    .map((ending) => `.${ending}`)
    .join(', ');
}

async function missingFile(
  path: string,
  full: string,
  place: readonly (string | number)[],
  error: NodeJS.ErrnoException,
): Promise<TableError> {
  if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') {
    return new TableError(place, `${path} must be readable, but: ${error.message}`, { cause: error });
  }
  const folder = resolve(full, '..');
  const names = await readdir(folder).catch(() => undefined);
  if (names === undefined)
    return new TableError(place, `there is no file ${path}; the folder ${folder} is not there either`);
  const near = nearestWord(basename(full), names);
  return new TableError(place, `there is no file ${path}${near === undefined ? '' : `. Did you mean \`${near}\`?`}`);
}
