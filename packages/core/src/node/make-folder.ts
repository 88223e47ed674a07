import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Makes a folder, and those above it that are missing.
 *
 * @remarks Node's own `mkdir` with `recursive` never ends where a file system takes no folders and says that something is missing, as
 * `/proc` does.
 *
 * @throws the system's error; `EEXIST` where something else stands there.
 */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (await isFolder(path)) return;
    const above = dirname(path);
    if (code !== 'ENOENT' || above === path) throw error;
    // Somebody else may have made it meanwhile, this one or the one above.
    if (!(await isFolder(above))) await makeFolder(above);
    await mkdir(path).catch(async (again: NodeJS.ErrnoException) => {
      if (!(await isFolder(path))) throw again;
    });
  }
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() === true;
}
