import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from '@polytask/core/node';
import { markUsed } from './cache-use.js';
import { cacheLimit, pruneCache } from './prune-cache.js';

/** A folder that was being made is left behind by a process that died; after so long nobody is at it any more. */
const abandonedAfter = 24 * 60 * 60 * 1000;

/**
 * The folder of the cache under a key, made by `fill` unless it is there. It appears whole or not at all: it is filled under
 * another name and renamed. It counts as used until this process ends, and the cache is then brought within its limit. Where two processes make the same one, the first to finish wins; both have the same contents.
 *
 * @param key - Names the contents.
 */
export async function cached(cache: string, key: string, fill: (folder: string) => Promise<void>): Promise<string> {
  const folder = join(cache, key);
  if (existsSync(folder) && (await markUsed(folder))) return folder;
  // A limit that is none is told before work begins.
  const limit = cacheLimit();
  await makeFolder(cache);
  await removeAbandoned(cache);
  const making = join(cache, `making-${randomBytes(8).toString('hex')}`);
  await mkdir(making);
  try {
    await fill(making);
    await rename(making, folder);
  } catch (error) {
    await rm(making, { recursive: true, force: true });
    if (
      !existsSync(folder) ||
      !['EEXIST', 'ENOTEMPTY', 'EPERM'].includes(String((error as NodeJS.ErrnoException).code))
    )
      throw error;
  }
  await markUsed(folder);
  // What cannot be removed, such as folders of other users, is no reason to stop.
  await pruneCache({ cache, limit }).catch(() => {});
  return folder;
}

async function removeAbandoned(cache: string): Promise<void> {
  for (const name of await readdir(cache)) {
    if (!name.startsWith('making-') && !name.startsWith('removing-')) continue;
    const path = join(cache, name);
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY }));
    if (Date.now() - mtimeMs > abandonedAfter) await rm(path, { recursive: true, force: true });
  }
}
