import { readdir, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { PolytaskError } from '@polytask/core';
import { cacheLimit } from './cache-limit.js';

/** How often the size of what is written is looked at, in milliseconds. */
const lookEvery = 250;
/** What is left free on the disk: this many bytes, but no more than this share of it. */
const keptFree = 512e6;
const keptShare = 0.05;

/** What a single folder of the cache may take under any limit of the whole: a small cache keeps less, but works. */
const alwaysAllowed = 1e9;

/** Bytes that one folder of a cache may take: the limit of the whole, or what the disk has if that is less. */
export async function roomIn(folder: string): Promise<number> {
  return Math.min(mostBytes(), await freeIn(folder));
}

const mostBytes = () => Math.max(alwaysAllowed, cacheLimit());

async function freeIn(folder: string): Promise<number> {
  const { bsize, blocks, bavail } = await statfs(folder);
  return Math.max(0, bavail * bsize - Math.min(keptFree, keptShare * blocks * bsize));
}

/**
 * Refuses to begin what cannot be written to the end.
 *
 * @param what - Named in the error, with the number of bytes.
 * @param advice - What makes it smaller.
 * @throws PolytaskError (`POLYTASK_NO_ROOM`).
 */
export async function requireRoom(folder: string, bytes: number, what: string, advice: string): Promise<void> {
  const room = await roomIn(folder);
  if (bytes > room) throw noRoom(`${what} take ${gigabytes(bytes)}`, room, advice);
}

/**
 * Watches the size of a folder whose contents cannot be known before.
 *
 * @param stop - Called once where it becomes larger than one folder may be, or the disk has no room left.
 * @param most - Default: as many bytes as one folder may take.
 * @returns Ends the watch.
 */
export function watchRoom(
  folder: string,
  what: string,
  stop: (error: PolytaskError) => void,
  most: number = mostBytes(),
): () => void {
  let ended = false;
  const look = async () => {
    const [bytes, free] = await Promise.all([bytesIn(folder), freeIn(folder)]);
    if (ended || (bytes <= most && free > 0)) return;
    ended = true;
    stop(
      noRoom(`${what} take more than ${gigabytes(bytes)}`, Math.min(most, bytes + free), 'Take fewer rows or columns.'),
    );
  };
  const timer = setInterval(() => void look().catch(() => {}), lookEvery);
  timer.unref();
  return () => {
    ended = true;
    clearInterval(timer);
  };
}

/** Bytes of all files in a folder, and in those in it. */
export async function bytesIn(folder: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) bytes += (await stat(join(entry.parentPath, entry.name)).catch(() => ({ size: 0 }))).size;
  }
  return bytes;
}

function noRoom(what: string, room: number, advice: string): PolytaskError {
  const most = mostBytes();
  const bound =
    room < most
      ? `the disk has room for ${gigabytes(room)}. ${advice} Or free some space, or name a cache on another disk`
      : `POLYTASK_CACHE_LIMIT allows ${gigabytes(most)} for them. ${advice} Or raise that limit`;
  return new PolytaskError(
    'POLYTASK_NO_ROOM',
    `The cache must have room for what is converted, but ${what}, and ${bound}.`,
  );
}

const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(bytes < 1e8 ? 3 : 1)} GB`;
