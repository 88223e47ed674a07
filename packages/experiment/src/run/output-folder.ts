import { mkdir, readdir } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { makeFolder } from '@polytask/core/node';
import { isLockFile } from './lock.js';
import { isTemporary } from './run-folder.js';

/**
 * Why a folder cannot take a run; undefined where it can: it is empty, or not there yet. What a run left that was killed before it
 * began does not count.
 */
export async function whyNotEmpty(folder: string): Promise<string | undefined> {
  try {
    const entries = (await readdir(folder)).filter((name) => !isLockFile(name) && !isTemporary(name));
    if (entries.length === 0) return undefined;
    const things = entries.length === 1 ? `\`${entries[0]}\` in it` : `${entries.length} things in it`;
    const advice = entries.includes('run.json')
      ? 'go on with the run in it by `--resume`, or name a new folder'
      : 'name a new one, or leave `output` out';
    return `the folder has ${things} already, and nothing is overwritten; ${advice}`;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    return code === 'ENOTDIR' ? 'a file stands where the run folder should be' : message;
  }
}

/** Makes `runs/<name>-<n>` with the next free number; runs that start at the same time get one each. */
export async function makeNumberedFolder(cwd: string, name: string): Promise<string> {
  const runs = resolve(cwd, 'runs');
  await makeFolder(runs);
  const numbers = (await readdir(runs)).map((entry) =>
    entry.startsWith(`${name}-`) && /^\d+$/.test(entry.slice(name.length + 1))
      ? Number(entry.slice(name.length + 1))
      : 0,
  );
  for (let number = Math.max(0, ...numbers) + 1; ; number++) {
    const folder = join(runs, `${name}-${number}`);
    try {
      await mkdir(folder);
      return folder;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

/** A path as it is shown: from the working folder, unless that is longer. */
export function shownPath(path: string, cwd: string): string {
  const short = relative(cwd, path);
  return short === '' || short.startsWith('..') ? path : short;
}
