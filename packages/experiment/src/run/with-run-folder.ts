import { InputError } from '../errors/mistakes.js';
import { type FolderLock, LockedError, lockFolder } from './lock.js';
import { whyNotEmpty } from './output-folder.js';
import { openRunFolder, type RunFolder } from './run-folder.js';

/**
 * Locks a run folder for this process.
 *
 * @throws InputError at `where` while another process writes to it.
 */
export async function lockOrRefuse(path: string, where: string): Promise<FolderLock> {
  try {
    return await lockFolder(path);
  } catch (error) {
    if (error instanceof LockedError) throw new InputError([{ where, message: error.message }]);
    throw error;
  }
}

/**
 * Works in a new run folder that nobody else writes to meanwhile.
 *
 * @param path - There already, and empty.
 * @param where - What a mistake calls it.
 * @throws InputError where another process works there, or was there before.
 */
export async function withRunFolder<Result>(
  path: string,
  where: string,
  work: (folder: RunFolder) => Promise<Result>,
): Promise<Result> {
  const lock = await lockOrRefuse(path, where);
  try {
    // Another process may have come first, and be done already.
    const problem = await whyNotEmpty(path);
    if (problem !== undefined) throw new InputError([{ where, message: problem }]);
    const folder = openRunFolder(path);
    await folder.removeLeftovers();
    return await work(folder);
  } finally {
    await lock.release();
  }
}
