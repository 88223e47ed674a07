import { randomBytes } from 'node:crypto';
import { readdir, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { requireOption } from '@polytask/core';
import { cacheLimit } from './cache-limit.js';
import { kindOfOurs, removeOurs } from './cache-mark.js';
import { isUsed } from './cache-use.js';
import { defaultCache } from './default-cache.js';
import { bytesIn } from './room.js';

/** A folder of the cache: what one source, table or draw of rows was converted to. */
export interface CacheEntry {
  readonly name: string;
  /**
   * `source`: files as rows; `table`: encoded rows, by part; `rows`: rows of a class or task brought together; `teacher`: a network
   * that has learned one task, and what it scored; `unfinished`: being
   * made, or left by a process that ended before it was done.
   */
  readonly kind: 'source' | 'table' | 'rows' | 'teacher' | 'unfinished';
  readonly bytes: number;
  /** Milliseconds since 1970. */
  readonly lastUsed: number;
  /** By a process that lives: it will not be removed. */
  readonly inUse: boolean;
}

/** What {@link pruneCache} keeps. */
export interface PruneOptions {
  /** Default: as for `loadTable`. */
  readonly cache?: string;
  /** Bytes that may stay; 0 removes all that is not in use. Default: {@link cacheLimit}. */
  readonly limit?: number;
}

/** What was used a moment ago may be about to be opened. */
const justUsed = 10 * 60 * 1000;

/**
 * What is in a cache, the most recently used first, with what is being made or was left half made. Only folders that carry our mark
 * count: others are not listed, and never removed.
 */
export async function cacheEntries(cache: string = defaultCache()): Promise<CacheEntry[]> {
  const entries: CacheEntry[] = [];
  for (const name of await readdir(cache).catch(() => [])) {
    const found = await kindOfOurs(cache, name);
    if (found === undefined) continue;
    const kind = found === 'making' || found === 'removing' ? 'unfinished' : found;
    const folder = join(cache, name);
    try {
      const [{ mtimeMs }, bytes, inUse] = [await stat(folder), await bytesIn(folder), await isUsed(folder)];
      entries.push({ name, kind, bytes, lastUsed: mtimeMs, inUse });
    } catch (error) {
      // Another process has removed it meanwhile.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  return entries.sort((a, b) => b.lastUsed - a.lastUsed);
}

/**
 * Removes what was not used for longest from a cache, until the rest is within a limit. What a process uses that lives, or
 * was used in the last ten minutes under a limit above 0, stays. `loadTable` does so whenever it has added to the cache.
 *
 * @returns What was removed.
 * @throws InvalidOptionError (`POLYTASK_INVALID_OPTION`) for a wrong limit.
 * @example
 * ```ts no-run changes the cache
 * import { pruneCache } from '@polytask/data/node';
 *
 * const removed = await pruneCache({ limit: 5e9 });
 * console.log(removed.reduce((sum, { bytes }) => sum + bytes, 0));
 * ```
 */
export async function pruneCache({
  cache = defaultCache(),
  limit = cacheLimit(),
}: PruneOptions = {}): Promise<CacheEntry[]> {
  requireOption(limit >= 0, 'limit', 'a number of bytes from 0', limit);
  const entries = await cacheEntries(cache);
  let total = entries.reduce((sum, { bytes }) => sum + bytes, 0);
  const removed: CacheEntry[] = [];
  for (const entry of entries.reverse()) {
    if (total <= limit && limit > 0) break;
    const isRecent = entry.kind !== 'unfinished' && Date.now() - entry.lastUsed < justUsed;
    if (entry.inUse || (limit > 0 && isRecent)) continue;
    if (!(await remove(cache, entry))) continue;
    total -= entry.bytes;
    removed.push(entry);
  }
  return removed;
}

/** Removes a folder that nobody uses; it goes away at once, under another name, so that none is ever half there. */
async function remove(cache: string, { name }: CacheEntry): Promise<boolean> {
  const folder = join(cache, name);
  const going = join(cache, `removing-${randomBytes(8).toString('hex')}`);
  try {
    await rename(folder, going);
  } catch (error) {
    if (['ENOENT', 'EPERM', 'EACCES', 'EBUSY'].includes(String((error as NodeJS.ErrnoException).code))) return false;
    throw error;
  }
  // Somebody may have begun to use it since it was looked at.
  if (await isUsed(going)) {
    await rename(going, folder).catch(() => removeOurs(going));
    return false;
  }
  await removeOurs(going);
  return true;
}
