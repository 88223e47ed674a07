import { lstat, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readRegularText } from '@polytask/core/node';

/** What a folder of a cache is: finished (`source`, `table`, `rows`, `teacher`), being made, or being removed. */
export type FolderKind = 'source' | 'table' | 'rows' | 'teacher' | 'making' | 'removing';

/** Lies in every folder of a cache that we made; none without it is ever listed or removed. */
const markFile = '.polytask-cache';
const markText = 'This folder was made by Polytask, which may remove it.\n';

/** Marks a folder as one of ours. */
export async function markOurs(folder: string): Promise<void> {
  await writeFile(join(folder, markFile), markText, { flag: 'wx' });
}

/** What a name can be the name of, if its folder carries our mark. */
function kindByName(name: string): FolderKind | undefined {
  const [, finished, passing] =
    /^(?:(source|table|rows|teacher)-[0-9a-f]{40}|(making|removing)-[0-9a-f]{16})$/.exec(name) ?? [];
  return (finished ?? passing) as FolderKind | undefined;
}

/**
 * What a folder in a cache is to us: the only thing that housekeeping goes by. A name of ours is not enough, as a person may have
 * chosen it, and the cache may lie among a person's files; links are never ours.
 *
 * @returns undefined for what is not ours.
 */
export async function kindOfOurs(cache: string, name: string): Promise<FolderKind | undefined> {
  const kind = kindByName(name);
  if (kind === undefined) return undefined;
  const folder = join(cache, name);
  const isFolder = await lstat(folder).then(
    (found) => found.isDirectory(),
    () => false,
  );
  return isFolder && (await isMarked(join(folder, markFile))) ? kind : undefined;
}

/** Removes a folder of ours, its mark last, so that what is left of it where we are stopped is still ours. */
export async function removeOurs(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (name !== markFile) await rm(join(folder, name), { recursive: true, force: true });
  }
  await rm(folder, { recursive: true, force: true });
}

async function isMarked(path: string): Promise<boolean> {
  const found = await lstat(path).catch(() => undefined);
  if (found?.isFile() !== true || found.size !== markText.length) return false;
  return (await readRegularText(path).catch(() => '')) === markText;
}
