import { isUtf8 } from 'node:buffer';
import { createWriteStream } from 'node:fs';
import { basename, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createGunzip, gunzipSync } from 'node:zlib';
import { makeFolder, openRegularFile } from '@polytask/core/node';
import type { SourceFile } from './source-files.js';
import { TableError } from './table-error.js';

/** Bytes that are looked at; more where a first line is longer. */
const headBytes = 1 << 20;
/** No line is longer. */
const longestLine = 32 << 20;

/** The beginning of a file, unpacked; and whether it is all of it. */
export async function readHead({ path, packed }: SourceFile): Promise<{ text: string; ends: boolean }> {
  const file = await openRegularFile(path);
  try {
    for (let size = headBytes; ; size *= 4) {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(size), 0, size, 0);
      const bytes = buffer.subarray(0, bytesRead);
      const plain = packed
        ? gunzipSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: 2 ** 30 })
        : bytes;
      const ends = bytesRead < size;
      const text = plain.toString('utf8');
      // The header and a row, if there are any.
      if (ends || text.split('\n', 4).length > 3 || size >= longestLine) return { text, ends };
    }
  } finally {
    await file.close();
  }
}

/** The encoding that the first bytes of a file say, if they do. */
export async function markedEncoding({ path, packed }: SourceFile): Promise<string | undefined> {
  if (packed) return undefined;
  const file = await openRegularFile(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(2), 0, 2, 0);
    if (bytesRead === 2 && buffer[0] === 0xff && buffer[1] === 0xfe) return 'utf-16le';
    return bytesRead === 2 && buffer[0] === 0xfe && buffer[1] === 0xff ? 'utf-16be' : undefined;
  } finally {
    await file.close();
  }
}

/**
 * CSV files as UTF-8: those in another encoding are written anew into a folder, under the same name.
 *
 * @param encoding - As the user says; otherwise that of the byte order mark, else UTF-8.
 */
export async function asUtf8(
  files: readonly SourceFile[],
  encoding: string | undefined,
  folder: string,
  place: readonly (string | number)[],
  signal?: AbortSignal,
): Promise<SourceFile[]> {
  if (encoding !== undefined && !isEncoding(encoding)) {
    const message = `there is no encoding ${JSON.stringify(encoding)}; expected a name such as utf-8, latin1, windows-1252 or utf-16le`;
    throw new TableError(['csv', 'encoding'], message);
  }
  const read: SourceFile[] = [];
  for (const [index, file] of files.entries()) {
    const name = file.format === 'csv' ? (encoding ?? (await markedEncoding(file))) : undefined;
    if (name === undefined || /^utf-?8$/i.test(name)) {
      read.push(file);
      continue;
    }
    const own = join(folder, `utf8-${index}`);
    await makeFolder(own);
    const path = join(own, basename(file.path));
    const bytes = (await openRegularFile(file.path)).createReadStream({ highWaterMark: 1 << 20 });
    const unpacked: AsyncIterable<Uint8Array> = file.packed ? bytes.pipe(createGunzip()) : bytes;
    try {
      await pipeline(
        Readable.from(decoded(unpacked, name)),
        createWriteStream(path, { mode: 0o600, flags: 'wx' }),
        signal === undefined ? {} : { signal },
      );
    } catch (error) {
      const { name: kind, code } = error as NodeJS.ErrnoException;
      if (kind !== 'TypeError' || code !== 'ERR_ENCODING_INVALID_ENCODED_DATA') throw error;
      throw new TableError(place, `${basename(file.path)} must be written in ${name}, but is not`, { cause: error });
    }
    read.push({ ...file, path, packed: false });
  }
  return read;
}

async function* decoded(chunks: AsyncIterable<Uint8Array>, encoding: string): AsyncGenerator<string> {
  const decoder = new TextDecoder(encoding === 'latin-1' ? 'latin1' : encoding, { fatal: true });
  for await (const chunk of chunks) yield decoder.decode(chunk, { stream: true });
  yield decoder.decode();
}

/** Whether an encoding has a name that is known here. */
function isEncoding(name: string): boolean {
  try {
    new TextDecoder(name === 'latin-1' ? 'latin1' : name);
    return true;
  } catch {
    return false;
  }
}

/** Looks at bytes as they come; `false` where they are no UTF-8. */
export function utf8Check(): (bytes: Uint8Array) => boolean {
  let rest: Uint8Array = new Uint8Array(0);
  return (bytes) => {
    const all = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
    // A character may go on in the next bytes; what is kept back begins with its first byte.
    let end = all.length;
    for (let back = 1; back <= Math.min(3, all.length); back++) {
      const byte = all[all.length - back] as number;
      if (byte < 0x80) break;
      if (byte < 0xc0) continue;
      const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
      if (length > back) end = all.length - back;
      break;
    }
    rest = all.slice(end);
    return isUtf8(all.subarray(0, end));
  };
}
