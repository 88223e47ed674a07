import { lstatSync, realpathSync } from 'node:fs';
import { dirname, isAbsolute, relative, resolve, sep } from 'node:path';
import { PolytaskError } from '../errors/index.js';

/**
 * The path of a name that stands in a file, such as that of an image in a table: in the folder that names are seen from, or below it,
 * with all links followed. A folder or file called `..x` is one like any other.
 *
 * @param folder - Where names start; it may be a link itself.
 * @param name - A path, as the file has it.
 * @throws PolytaskError (`POLYTASK_PATH_OUTSIDE`) where it leads out of the folder.
 * @example
 * ```ts
 * import { within } from '@polytask/core/node';
 *
 * console.log(within('/images', 'cat/1.png')); // => /images/cat/1.png
 * ```
 */
export function within(folder: string, name: string): string {
  const path = resolve(folder, name);
  if (name.includes('\0') || !isInside(resolve(folder), path) || !isInside(realPath(resolve(folder)), realPath(path))) {
    const found = JSON.stringify(name);
    throw new PolytaskError(
      'POLYTASK_PATH_OUTSIDE',
      `A name in a file must stay within ${folder}, but ${found} leads out of it.`,
    );
  }
  return path;
}

/** By whole names. */
function isInside(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return !isAbsolute(way) && way.split(sep)[0] !== '..';
}

/** All links resolved, of what is not there yet those above it. A link that leads nowhere leads out of every folder. */
function realPath(path: string): string {
  try {
    return realpathSync.native(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return sep;
    if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) return sep;
    return resolve(realPath(dirname(path)), relative(dirname(path), path));
  }
}
