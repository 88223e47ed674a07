import { constants, type Stats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { PolytaskError } from '../errors/index.js';

/** Bytes that are read of a file unless the caller says otherwise. */
const usualMost = 2 ** 26;
/** Node reads at most 2 GiB at once. */
const largestRead = 2 ** 30;

/** How much {@link readRegularFile} reads. */
export interface ReadFileOptions {
  /** A file with more bytes is refused. Default 64 MiB. */
  readonly most?: number;
}

/**
 * Opens a file that has a beginning and an end: a pipe, a device or a socket could keep one waiting, or give bytes without end, and a
 * folder has none. Every file that a name leads to which somebody else may have chosen is opened so.
 *
 * @param path - The file.
 * @param flags - As `open` takes them. Default: for reading.
 * @throws `POLYTASK_FILE` where it is something else; the system's error where it cannot be opened. Its opener closes it.
 * @example
 * ```ts
 * import { openRegularFile } from '@polytask/core/node';
 *
 * const refused = await openRegularFile('.').catch(({ code }) => code);
 * console.log(refused); // => POLYTASK_FILE
 * ```
 */
export async function openRegularFile(path: string, flags: number = constants.O_RDONLY): Promise<FileHandle> {
  // Without this flag, which Windows does not have, the opening of a pipe waits for its other end.
  const file = await open(path, flags | (constants.O_NONBLOCK ?? 0)).catch((error: NodeJS.ErrnoException) => {
    // A pipe that nobody reads, and a socket.
    if (error.code === 'ENXIO') throw notRegular(path, 'a pipe or a socket', error);
    throw error;
  });
  try {
    const facts = await file.stat();
    if (!facts.isFile()) throw notRegular(path, kindOf(facts));
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

/**
 * The bytes of a file that {@link openRegularFile} opens.
 *
 * @throws `POLYTASK_FILE` where it is no regular file, or larger than it may be; the system's error where it cannot be read.
 * @example
 * ```ts
 * import { readRegularFile } from '@polytask/core/node';
 *
 * const found = await readRegularFile('nowhere.bin', { most: 1_000_000 }).catch(({ code }) => code);
 * console.log(found); // => ENOENT
 * ```
 */
export async function readRegularFile(path: string, { most = usualMost }: ReadFileOptions = {}): Promise<Uint8Array> {
  const file = await openRegularFile(path);
  try {
    const { size } = await file.stat();
    if (size > most) {
      throw new PolytaskError('POLYTASK_FILE', `\`${path}\` must have at most ${most} bytes, but has ${size}.`);
    }
    return await readOpened(file, size);
  } finally {
    await file.close();
  }
}

/** The text, in UTF-8, of a file as {@link readRegularFile} reads it. */
export async function readRegularText(path: string, options: ReadFileOptions = {}): Promise<string> {
  return new TextDecoder().decode(await readRegularFile(path, options));
}

/** The first `size` bytes of an opened file, or as many as there are. */
export async function readOpened(file: FileHandle, size: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(size);
  let length = 0;
  while (length < size) {
    const { bytesRead } = await file.read(bytes, length, Math.min(size - length, largestRead), length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return bytes.subarray(0, length);
}

function notRegular(path: string, kind: string, cause?: unknown): PolytaskError {
  return new PolytaskError('POLYTASK_FILE', `\`${path}\` must be a regular file, but is ${kind}.`, { cause });
}

function kindOf(facts: Stats): string {
  if (facts.isDirectory()) return 'a folder';
  if (facts.isFIFO()) return 'a pipe';
  return facts.isSocket() ? 'a socket' : 'a device';
}
