import { constants, type Stats } from 'node:fs';
import { lstat, readdir, rename, rm } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import { PolytaskError } from '@polytask/core';
import { openRegularFile, readRegularText, within, writeFileAtomic } from '@polytask/core/node';
import type { Mistake } from '../errors/mistakes.js';

/**
 * Files of a folder that are ours alone: the only way in which something in a run folder is written or removed. A run folder may come
 * from elsewhere, with links in it; nothing goes through one. Paths are seen from the folder; the folder itself is where the user says.
 */
export interface OwnFiles {
  /** Replaces a file, whole at every moment; folders are made. */
  write(path: string, content: string | Uint8Array): Promise<void>;
  /** Adds to a file and flushes it. */
  append(path: string, text: string): Promise<void>;
  /** The text of a file; empty where there is none. */
  read(path: string): Promise<string>;
  /** What is in a folder; nothing where there is none. */
  entries(path: string): Promise<{ readonly name: string; readonly isFolder: boolean }[]>;
  move(from: string, to: string): Promise<void>;
  /** Removes a file, or a folder with all that is in it. */
  remove(path: string): Promise<void>;
}

/** Bytes of a text that is read: it cannot be longer. */
const longestText = 2 ** 29;

/** The files of a run folder. */
export function ownFiles(folder: string): OwnFiles {
  /** The path from the root of the disk, after a look at everything on the way. */
  const checked = async (path: string, last: keyof typeof kinds): Promise<string> => {
    const way = relative(folder, resolve(folder, path));
    const names = way === '' ? [] : way.split(sep);
    for (const index of names.keys()) {
      const place = join(folder, ...names.slice(0, index + 1));
      const facts = await factsOf(place);
      if (facts === undefined) break;
      const kind = index < names.length - 1 ? 'folder' : last;
      const isRight =
        kind === 'folder' ? facts.isDirectory() : facts.isFile() || (kind === 'any' && facts.isDirectory());
      if (!isRight) throw linked(`\`${place}\` must be ${kinds[kind]}, but is ${kindOf(facts)}`);
    }
    return within(folder, path);
  };
  return {
    async write(path, content) {
      await writeFileAtomic(await checked(path, 'file'), content);
    },
    async append(path, text) {
      const { O_APPEND, O_CREAT, O_NOFOLLOW = 0, O_WRONLY } = constants;
      const place = await checked(path, 'file');
      const file = await openRegularFile(place, O_APPEND | O_CREAT | O_NOFOLLOW | O_WRONLY);
      try {
        const { nlink } = await file.stat();
        if (nlink > 1) throw linked(`\`${place}\` must have one name, but has ${nlink} (hard links)`);
        await file.writeFile(text);
        await file.sync();
      } finally {
        await file.close();
      }
    },
    async read(path) {
      const place = await checked(path, 'file');
      return (await factsOf(place)) === undefined ? '' : readRegularText(place, { most: longestText });
    },
    async entries(path) {
      const place = await checked(path, 'folder');
      const found = (await factsOf(place)) === undefined ? [] : await readdir(place, { withFileTypes: true });
      return found.map((entry) => ({ name: entry.name, isFolder: entry.isDirectory() }));
    },
    async move(from, to) {
      await rename(await checked(from, 'any'), await checked(to, 'any'));
    },
    async remove(path) {
      await rm(await checked(path, 'any'), { recursive: true, force: true });
    },
  };
}

/**
 * What in a run folder is no plain file or folder of its own, of all that is about to be written to or removed: told before anything
 * is done.
 *
 * @param shown - The folder as the user wrote it.
 * @param written - What is to be written, by its path; folders are looked through. Default: all that going on with a run may touch.
 */
export async function linksIn(folder: string, shown: string, written = ofRuns): Promise<Mistake[]> {
  const look = async (path: string, wanted: keyof typeof kinds): Promise<Mistake[]> => {
    const facts = await factsOf(join(folder, path));
    if (facts === undefined) return [];
    if (facts.isDirectory() && wanted !== 'file') {
      const names = await readdir(join(folder, path));
      return (await Promise.all(names.sort().map((name) => look(join(path, name), 'any')))).flat();
    }
    if (facts.isFile() && wanted !== 'folder') return [];
    const message =
      `this must be ${kinds[wanted]} of its own, but is ${kindOf(facts)}; ` +
      'nothing is written or removed through links. Put what it leads to in its place, if the run is yours';
    return [{ where: join(shown, path), message }];
  };
  return (await Promise.all(Object.entries(written).map(([path, kind]) => look(path, kind)))).flat();
}

const kinds = { folder: 'a folder', file: 'a regular file', any: 'a file or folder' } as const;

const ofRuns: { readonly [path: string]: 'file' | 'folder' } = {
  'run.json': 'file',
  'metrics.jsonl': 'file',
  'model.safetensors': 'file',
  checkpoints: 'folder',
};

function factsOf(path: string): Promise<Stats | undefined> {
  return lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
}

function kindOf(facts: Stats): string {
  if (facts.isSymbolicLink()) return 'a link';
  if (facts.isDirectory()) return 'a folder';
  return facts.isFile() ? 'a file' : 'neither a file nor a folder';
}

function linked(what: string): PolytaskError {
  return new PolytaskError('POLYTASK_RUN_LINK', `${what}. Nothing is written or removed through links.`);
}
