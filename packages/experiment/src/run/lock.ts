import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { copyFile, link, lstat, readdir, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readRegularText } from '@polytask/core/node';
import { isMapping } from '../config/paths.js';
import { InputError } from '../errors/mistakes.js';
import { identityOf, isRunning } from './processes.js';

// Libraries that lock by a file's age cannot tell a dead process from one whose event loop a long step has blocked, and have to
// wait before they take a lock over. Whether a process lives is known at once on the machine that it runs on.

/** Who writes to a run folder. */
export interface LockOwner {
  readonly pid: number;
  readonly host: string;
  /** When it began, for people. */
  readonly started: string;
  /** Tells processes apart that have had the same number; empty where the system does not say. */
  readonly process: string;
}

/** The right to write to a folder, until it is released or the process ends, however that happens. */
export interface FolderLock {
  /** Whose lock this one replaces: a process that ended without releasing it. */
  readonly replaced?: LockOwner;
  release(): Promise<void>;
}

/** Another process writes to the folder. */
export class LockedError extends Error {
  readonly owner: LockOwner;

  constructor(owner: LockOwner, file: string) {
    const who = `process ${owner.pid} on ${owner.host} has been writing to this folder since ${owner.started}`;
    super(
      owner.host === hostname()
        ? `${who}; wait for it, or stop it first`
        : `${who}, and from here it cannot be seen whether it still runs; if it does not, delete ${file}`,
    );
    this.name = 'LockedError';
    this.owner = owner;
  }
}

/** Whether a file of a run folder belongs to a lock. */
export const isLockFile = (name: string): boolean => /^lock-\d{1,15}$/.test(name);

/**
 * Makes this process the only one that writes to a folder. A lock is a file `lock-<n>`, put there whole and only where there is none
 * of that number. A process that finds the owner of the highest one gone makes the next, then looks whether another did the same:
 * of two at once, at least one sees the other and withdraws.
 *
 * @throws LockedError where a process that lives has the folder; InputError where something else is called like a lock.
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
  for (;;) {
    const before = await readLocks(folder);
    refuseLiving(before);
    const highest = before.at(-1);
    const number = (highest?.number ?? 0) + 1;
    if (!isLockFile(`lock-${number}`)) throw notLock(highest?.file ?? folder, 'there is no number after this one');
    const path = join(folder, `lock-${number}`);
    if (!(await putWhole(path))) continue;
    const others = (await readLocks(folder)).filter((lock) => lock.number !== number);
    if (others.some(({ owner }) => isAlive(owner))) {
      await rm(path, { force: true });
      await sleep(5 + Math.random() * 20);
      continue;
    }
    for (const { file } of others) await rm(file, { force: true });
    const release = () => rm(path, { force: true });
    return highest === undefined ? { release } : { release, replaced: highest.owner };
  }
}

interface LockFile {
  readonly number: number;
  readonly file: string;
  readonly owner: LockOwner;
}

async function readLocks(folder: string): Promise<LockFile[]> {
  const names = (await readdir(folder)).filter(isLockFile);
  const locks = await Promise.all(
    names.map(async (name): Promise<LockFile | undefined> => {
      const file = join(folder, name);
      const text = await readRegularText(file, { most: largestLock }).catch((error: Error) => refuseOther(file, error));
      return text === undefined ? undefined : { number: Number(name.slice(5)), file, owner: ownerIn(text) };
    }),
  );
  return locks.filter((lock) => lock !== undefined).sort((a, b) => a.number - b.number);
}

/** Bytes of a lock; ours have some hundreds. */
const largestLock = 2 ** 16;

/** A lock that another process has just released is none any more; what is there and is no lock would be in the way for ever. */
async function refuseOther(file: string, error: Error): Promise<undefined> {
  if ((await lstat(file).catch(() => undefined)) !== undefined) throw notLock(file, error.message);
}

function notLock(file: string, reason: string): InputError {
  const message = `this is called like a lock of the run folder, but is none: ${reason.replace(/\.$/, '')}; delete it`;
  return new InputError([{ where: file, message }]);
}

function refuseLiving(locks: readonly LockFile[]): void {
  const living = locks.find(({ owner }) => isAlive(owner));
  if (living !== undefined) throw new LockedError(living.owner, living.file);
}

/** What a lock file says. What cannot be understood is nobody's: locks are put in place whole. */
function ownerIn(text: string): LockOwner {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {}
  const { pid, host, started, process } = isMapping(value) ? value : {};
  return {
    pid: Number.isSafeInteger(pid) ? (pid as number) : 0,
    host: typeof host === 'string' ? host : hostname(),
    started: String(started ?? 'an unknown time'),
    process: typeof process === 'string' ? process : '',
  };
}

/** Of another machine nothing is known, so its processes count as living. */
function isAlive({ pid, host, process }: LockOwner): boolean {
  return host !== hostname() || isRunning(pid, process);
}

async function putWhole(path: string): Promise<boolean> {
  const owner: LockOwner = {
    pid: process.pid,
    host: hostname(),
    started: new Date().toISOString(),
    process: identityOf(process.pid) ?? '',
  };
  const temporary = `${path}.${randomUUID()}.tmp`;
  await writeFile(temporary, `${JSON.stringify(owner)}\n`, { flag: 'wx' });
  try {
    await link(temporary, path).catch((error: NodeJS.ErrnoException) => {
      // Some file systems have no hard links.
      if (error.code === 'EEXIST') throw error;
      return copyFile(temporary, path, constants.COPYFILE_EXCL);
    });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(temporary, { force: true });
  }
}
