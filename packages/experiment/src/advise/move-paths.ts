import { isAbsolute, relative, resolve, sep } from 'node:path';
import { isMapping } from '../config/paths.js';
import { sourcePath } from '../parts/table-data.js';

type Meaning = (path: string, folder: string) => string;

/**
 * A configuration for another folder: its relative paths mean the same files and folders from there. Parts that are code
 * (`./part.mjs#part`) stay as they are, since code is looked for from the run file's folder and below no other.
 *
 * @param config - As it is written.
 * @param from - Folder that its paths start in, from the root of the disk.
 * @param to - Folder that they are to start in.
 */
export function movePaths(
  config: Readonly<Record<string, unknown>>,
  from: string,
  to: string,
): Record<string, unknown> {
  /** Every text within a value is a path. */
  const moved = (value: unknown, meaning: Meaning): unknown => {
    if (typeof value === 'string') return movedPath(value, from, to, meaning);
    if (Array.isArray(value)) return value.map((one) => moved(one, meaning));
    return isMapping(value) ? mapped(value, () => (one) => moved(one, meaning)) : value;
  };
  const source = (value: unknown) => moved(value, sourcePath);
  const place = (value: unknown) => moved(value, plainPath);
  const within = (keys: Readonly<Record<string, (value: unknown) => unknown>>) => (value: unknown) =>
    isMapping(value) ? mapped(value, (key) => keys[key]) : value;
  const tables = (value: unknown) => (isMapping(value) ? mapped(value, () => within({ source })) : value);
  const changes = {
    data: within({ source, tables, folder: place, table: place, cache: place }),
    split: within({ files: source }),
    start: (value: unknown) => (typeof value === 'string' ? place(value) : within({ run: place })(value)),
    output: place,
  };
  return mapped(config, (key) => changes[key as keyof typeof changes]);
}

function mapped(
  value: Readonly<Record<string, unknown>>,
  changeOf: (key: string) => ((value: unknown) => unknown) | undefined,
): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, changeOf(key)?.(one) ?? one]));
}

const plainPath: Meaning = (path, folder) => resolve(folder, path);

function movedPath(path: string, from: string, to: string, meaning: Meaning): string {
  const meant = meaning(path, from);
  if (isAbsolute(path) || meaning(path, to) === meant) return path;
  const names = relative(to, meant).split(sep);
  const way = names.join('/');
  // A name alone might be taken for a package's.
  return names[0] === '..' || isAbsolute(way) ? way : `./${way}`;
}
