import { readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { processExists } from '@polytask/core/node';

/** A process of another machine cannot be asked whether it lives; its mark counts for so long. */
const elsewhereFor = 24 * 60 * 60 * 1000;
const prefix = '.in-use-';

/**
 * Marks a folder of the cache as used by this process, until it ends, and as used now.
 *
 * @returns Whether the folder is there.
 */
export async function markUsed(folder: string): Promise<boolean> {
  try {
    // Never through a link of this name that somebody has put there.
    await writeFile(join(folder, `${prefix}${process.pid}@${hostname()}`), '', { flag: 'wx' }).catch(ifThere);
    const now = new Date();
    await utimes(folder, now, now);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // A cache that cannot be written to is not tidied up either.
    if (code !== 'EROFS' && code !== 'EACCES' && code !== 'EPERM' && code !== 'ENOENT') throw error;
  }
  return stat(folder).then(
    () => true,
    () => false,
  );
}

function ifThere(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error;
}

/** Whether a process that lives uses a folder of the cache; marks of others are removed. */
export async function isUsed(folder: string): Promise<boolean> {
  let used = false;
  const { atime, mtime } = await stat(folder);
  let tidied = false;
  for (const name of await readdir(folder)) {
    const mark = /^\.in-use-(\d+)@(.*)$/.exec(name);
    if (mark === null) continue;
    const path = join(folder, name);
    if (mark[2] === hostname() ? processExists(Number(mark[1])) : await isRecent(path)) used = true;
    else {
      // Others' marks in a cache that is shared may have to stay.
      tidied = await rm(path, { force: true }).then(
        () => true,
        () => tidied,
      );
    }
  }
  // Looking after a folder is not using it.
  if (tidied) await utimes(folder, atime, mtime).catch(() => {});
  return used;
}

async function isRecent(path: string): Promise<boolean> {
  const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: 0 }));
  return Date.now() - mtimeMs < elsewhereFor;
}
