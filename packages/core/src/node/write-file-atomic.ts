import { randomUUID } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makeFolder } from './make-folder.js';

/**
 * Writes a file so that at every moment either the old or the new content is there, whole: to a temporary name in the same
 * folder, flushed to the disk, then renamed, and the name flushed too. The folder is made where it is missing.
 *
 * @remarks A process that is killed while it writes leaves `<path>.<random>.tmp`, which nobody reads.
 *
 * @param path - The file.
 * @param content - Text (UTF-8) or bytes.
 * @throws the system's error (`ENOSPC` for a full disk); the temporary file is taken away and the old file is untouched.
 */
export async function writeFileAtomic(path: string, content: string | Uint8Array): Promise<void> {
  await makeFolder(dirname(path));
  // Another name for every write: two at once, in one process or in several, must not share it.
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    // Nothing is there yet, and no link is followed.
    const file = await open(temporary, 'wx');
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** A new name is on the disk only when its folder is. Not every system lets a folder be opened; there it does without. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r').catch(() => undefined);
  await folder?.sync().catch(() => {});
  await folder?.close();
}
