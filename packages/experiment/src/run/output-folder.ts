import { access, constants, mkdir, readdir } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { makeFolder } from '@polytask/core/node';
import type { LoadedConfig } from '../config/load-config.js';
import { isLockFile } from './lock.js';
import { isTemporary } from './run-folder.js';

/** A run folder, and what names it. */
export interface OutputFolder {
  /** From the root of the disk. */
  readonly path: string;
  readonly where: string;
}

/**
 * The run folder that the user names, or else the configuration; what stands in it already goes to the list of mistakes.
 *
 * @returns undefined where neither does, and it is to be numbered.
 */
export async function namedOutput(loaded: LoadedConfig, named?: OutputFolder): Promise<OutputFolder | undefined> {
  const { sections, folder, mistakes, file } = loaded;
  const configured =
    sections.output === undefined ? undefined : { path: resolve(folder, sections.output), where: `${file}: output` };
  const output = named ?? configured;
  const problem = output === undefined ? undefined : await whyNotEmpty(output.path);
  if (problem !== undefined && named !== undefined) mistakes.addPlaced({ where: named.where, message: problem });
  else if (problem !== undefined) mistakes.add(['output'], problem);
  return output;
}

/** Makes the run folder, `runs/<name>-<n>` where none is named. */
export async function makeOutput(output: OutputFolder | undefined, cwd: string, name: string): Promise<OutputFolder> {
  if (output === undefined) {
    const path = await makeNumberedFolder(cwd, name);
    return { path, where: path };
  }
  await makeFolder(output.path);
  return output;
}

/**
 * Why a folder cannot take a run; undefined where it can: it is empty, or not there yet, and may be written to. What a run left that
 * was killed before it began does not count.
 */
export async function whyNotEmpty(folder: string): Promise<string | undefined> {
  try {
    const entries = (await readdir(folder)).filter((name) => !isLockFile(name) && !isTemporary(name));
    if (entries.length === 0) return whyNotWritable(folder);
    const things = entries.length === 1 ? `\`${entries[0]}\` in it` : `${entries.length} things in it`;
    const advice = entries.includes('run.json')
      ? 'go on with the run in it by `--resume`, or name a new folder'
      : 'name a new one, or leave `output` out';
    return `the folder has ${things} already, and nothing is overwritten; ${advice}`;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return whyNotWritable(dirname(folder));
    return code === 'ENOTDIR' ? 'a file stands where the run folder should be' : message;
  }
}

/** Of a folder, or of that above it which is there. */
export async function whyNotWritable(folder: string): Promise<string | undefined> {
  try {
    await access(folder, constants.W_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const above = dirname(folder);
    if (code === 'ENOENT' && above !== folder) return whyNotWritable(above);
    return code === 'ENOTDIR' ? undefined : `the folder cannot be written to: ${message}`;
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
