import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { PolytaskError } from '@polytask/core';
import { type CacheEntry, cacheEntries, cacheLimit, defaultCache, pruneCache } from '@polytask/data/node';
import { InputError } from '@polytask/experiment/early';
import { colorsFor, type Io, print, printJson } from '../io.js';
import { counted, formatBytes } from '../report/format.js';
import { plainTable } from '../report/table.js';

/** Options of `polytask cache`, as the command line gives them. */
export interface CacheOptions {
  readonly clear?: boolean;
  readonly folder?: string;
  readonly json?: boolean;
}

const kinds: Readonly<Record<CacheEntry['kind'], string>> = {
  source: 'files as rows',
  table: 'encoded rows',
  rows: 'rows of a class or task',
  teacher: 'a network for one task',
  unfinished: 'half made',
};

/**
 * Shows the cache of converted tables, or empties it.
 *
 * @throws InputError where the folder is none, or the environment's limit is none.
 */
export async function cache({ clear, folder: given, json }: CacheOptions, io: Io): Promise<void> {
  const folder = given === undefined ? defaultCache() : resolve(io.cwd, given);
  const found = await stat(folder).catch(() => undefined);
  const isMissing = given !== undefined && found === undefined;
  if (isMissing || found?.isDirectory() === false) {
    throw new InputError([
      { where: given ?? folder, message: isMissing ? 'there is no such folder' : 'this is a file' },
    ]);
  }
  const limit = limitOf();
  const removed = clear === true ? await pruneCache({ cache: folder, limit: 0 }) : [];
  const entries = await cacheEntries(folder);
  const bytes = sumOf(entries);
  if (json === true) {
    const shown = Number.isFinite(limit) ? limit : null;
    printJson(io.stdout, {
      folder,
      bytes,
      limit: shown,
      entries: entries.map(withDate),
      removed: removed.map(withDate),
    });
    return;
  }
  if (clear === true) print(io.stdout, `Removed: ${counted(removed.length, 'folder')}, ${formatBytes(sumOf(removed))}`);
  const most = Number.isFinite(limit)
    ? `at most ${formatBytes(limit)}, by POLYTASK_CACHE_LIMIT or the default`
    : 'no limit, by POLYTASK_CACHE_LIMIT';
  print(io.stdout, `${folder}: ${counted(entries.length, 'folder')}, ${formatBytes(bytes)} (${most})`);
  if (entries.length === 0) return;
  const { dim } = colorsFor(io.stdout, io.env);
  const head = ['folder', 'holds', 'size', 'last used (UTC)', ''].map((title) => dim(title));
  const rows = entries.map(({ name, kind, bytes: size, lastUsed, inUse }) => [
    name,
    kinds[kind],
    formatBytes(size),
    new Date(lastUsed).toISOString().slice(0, 16).replace('T', ' '),
    inUse ? 'in use' : '',
  ]);
  print(io.stdout, ['', ...plainTable(head, rows)].join('\n'));
}

const sumOf = (entries: readonly CacheEntry[]) => entries.reduce((sum, { bytes }) => sum + bytes, 0);

const withDate = (entry: CacheEntry) => ({ ...entry, lastUsed: new Date(entry.lastUsed).toISOString() });

function limitOf(): number {
  try {
    return cacheLimit();
  } catch (error) {
    if (!PolytaskError.isInstance(error)) throw error;
    throw new InputError([{ where: 'polytask cache', message: error.message }]);
  }
}
