import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** A folder that was being made is left behind by a process that died; after so long nobody is at it any more. */
const abandonedAfter = 24 * 60 * 60 * 1000;

/** Where converted tables are kept: `POLYTASK_CACHE`, else `polytask` in the user's cache folder. */
export function defaultCache(): string {
  const { POLYTASK_CACHE, XDG_CACHE_HOME, LOCALAPPDATA } = process.env;
  if (POLYTASK_CACHE) return POLYTASK_CACHE;
  if (process.platform === 'win32' && LOCALAPPDATA) return join(LOCALAPPDATA, 'polytask', 'cache');
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'polytask');
  return join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'polytask');
}

/**
 * The folder of the cache under a key, made by `fill` unless it is there. It appears whole or not at all: it is filled under
 * another name and renamed. Where two processes make the same one, the first to finish wins; both have the same contents.
 *
 * @param key - Names the contents.
 */
export async function cached(cache: string, key: string, fill: (folder: string) => Promise<void>): Promise<string> {
  const folder = join(cache, key);
  if (existsSync(folder)) return folder;
  await mkdir(cache, { recursive: true });
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
  return folder;
}

async function removeAbandoned(cache: string): Promise<void> {
  for (const name of await readdir(cache)) {
    if (!name.startsWith('making-')) continue;
    const path = join(cache, name);
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY }));
    if (Date.now() - mtimeMs > abandonedAfter) await rm(path, { recursive: true, force: true });
  }
}
