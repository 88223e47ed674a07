import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { PolytaskError } from '@polytask/core';
import { makeFolder } from '@polytask/core/node';
import { cacheLimit } from './cache-limit.js';
import { kindOfOurs, markOurs, removeOurs } from './cache-mark.js';
import { isUsed, markUsed } from './cache-use.js';
import { pruneCache } from './prune-cache.js';

/**
 * The folder of the cache under a key, made by `fill` unless it is there. It appears whole or not at all: it is filled under
 * another name and renamed. It counts as used until this process ends, and the cache is then brought within its limit. Where two processes make the same one, the first to finish wins; both have the same contents.
 *
 * @param key - Names the contents.
 * @throws PolytaskError (`POLYTASK_CACHE_REMOVED`) where somebody removes the folder while it is filled.
 */
export async function cached(cache: string, key: string, fill: (folder: string) => Promise<void>): Promise<string> {
  const folder = join(cache, key);
  if (existsSync(folder) && (await markUsed(folder))) return folder;
  // A wrong limit is refused before work begins.
  const limit = cacheLimit();
  await makeFolder(cache);
  await removeAbandoned(cache);
  const making = join(cache, `making-${randomBytes(8).toString('hex')}`);
  await mkdir(making);
  try {
    // In this order: what is ours and used by nobody may be removed.
    await markUsed(making);
    await markOurs(making);
    await fill(making);
    await rename(making, folder);
  } catch (error) {
    const isGone = !existsSync(making);
    await rm(making, { recursive: true, force: true });
    if (!existsSync(folder) || !isInTheWay(error))
      throw isGone && !isInTheWay(error) ? removedMeanwhile(cache, error) : error;
  }
  await markUsed(folder);
  // What cannot be removed, such as folders of other users, is no reason to stop.
  await pruneCache({ cache, limit }).catch(() => {});
  return folder;
}

/** Whether somebody else made the same folder first. */
const isInTheWay = (error: unknown) =>
  ['EEXIST', 'ENOTEMPTY', 'EPERM'].includes(String((error as NodeJS.ErrnoException).code));

function removedMeanwhile(cache: string, cause: unknown): unknown {
  const { name, code } = cause as NodeJS.ErrnoException;
  if (name === 'AbortError' || code === 'ENOSPC') return cause;
  return new PolytaskError(
    'POLYTASK_CACHE_REMOVED',
    `The cache must stay while it is written to, but what was being made in ${cache} has been removed by somebody else. Start again.`,
    { cause },
  );
}

/** Removes what a process left that ended before it was done. */
async function removeAbandoned(cache: string): Promise<void> {
  for (const name of await readdir(cache)) {
    const kind = await kindOfOurs(cache, name);
    if (kind !== 'making' && kind !== 'removing') continue;
    const folder = join(cache, name);
    // Another process may be at it too; what cannot be removed is no reason to stop.
    if (!(await isUsed(folder).catch(() => true))) await removeOurs(folder).catch(() => {});
  }
}
