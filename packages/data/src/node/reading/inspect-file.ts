import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { openRegularFile } from '@polytask/core/node';
import { gigabytesOf } from '../cache/cache-limit.js';
import { markedEncoding, utf8Check } from './csv-head.js';
import { jsonDepth, mostNested } from './json-depth.js';
import type { SourceFile } from './source-files.js';
import { TableError } from './table-error.js';

/** A packed file may always unpack to this many gigabytes, unless `POLYTASK_UNPACK_LIMIT` says otherwise ... */
const usualUnpacked = 0.5;
/** ... and to this many times its size. */
const mostPacked = 250;
/** Bytes of a line of CSV. The database takes seconds to find out that it is longer than it reads. */
const longestLine = 2_000_000;

/** What the system says where it is the file that cannot be opened, and not the machine that lacks something. */
const unreadable: readonly (string | undefined)[] = ['EACCES', 'EPERM', 'ELOOP', 'ENOENT', 'ENOTDIR', 'EISDIR'];

type Place = readonly (string | number)[];

/**
 * Reads a file from beginning to end before the database sees it, and refuses what that would crash over, or take for a shorter
 * file than it is.
 *
 * @returns SHA-256 of its bytes.
 * @throws TableError (`POLYTASK_DATASET`) for gzip that is cut short, damaged, followed by something else or a bomb; for JSON that is
 * nested too deeply, or a list that does not end; for CSV that is not UTF-8, or has a line of more than 2 MB.
 *
 * @param encoding - Of CSV files, where the user says it.
 */
export async function inspectFile(
  file: SourceFile,
  place: Place,
  signal?: AbortSignal,
  encoding?: string,
): Promise<string> {
  try {
    return await readThrough(file, place, signal, encoding);
  } catch (error) {
    // Streams have an error of their own for it.
    signal?.throwIfAborted();
    throw error;
  }
}

async function readThrough(
  file: SourceFile,
  place: Place,
  signal: AbortSignal | undefined,
  encoding: string | undefined,
): Promise<string> {
  const { path, format, packed } = file;
  const hash = createHash('sha256');
  const isJson = format === 'json' || format === 'jsonl';
  const depth = jsonDepth(format === 'jsonl');
  const line = lineLength();
  const asIs = format === 'csv' && encoding === undefined && (await opening(file, place, markedEncoding)) === undefined;
  const isText = asIs ? utf8Check() : undefined;
  const look = (bytes: Uint8Array) => {
    if (isText?.(bytes) === false) throw notUtf8(path, place);
    if (format === 'csv' && line.add(bytes) > longestLine) throw lineTooLong(path, place);
    if (isJson && depth.add(bytes)) throw nestedTooDeeply(path, place);
  };
  const opened = await opening(file, place, () => openRegularFile(path));
  const bytes = opened.createReadStream({ highWaterMark: 1 << 20 });
  const hashed = async function* (chunks: AsyncIterable<Buffer>) {
    for await (const chunk of chunks) {
      hash.update(chunk);
      yield chunk;
    }
  };
  const options = signal === undefined ? {} : { signal };
  if (!packed) {
    await pipeline(
      bytes,
      hashed,
      async (chunks: AsyncIterable<Buffer>) => {
        for await (const chunk of chunks) look(chunk);
      },
      options,
    );
  } else {
    const unpacked = createGunzip({ chunkSize: 1 << 18 });
    const most = mostUnpacked(file);
    let size = 0;
    await pipeline(
      bytes,
      hashed,
      unpacked,
      async (chunks: AsyncIterable<Buffer>) => {
        for await (const chunk of chunks) {
          size += chunk.length;
          if (size > most) throw unpacksTooFar(file, place);
          look(chunk);
        }
      },
      options,
    ).catch((error: unknown) => {
      // What the stream says where something follows that is not a further member: the error for that is below.
      if ((error as Error).name === 'AbortError' && signal?.aborted !== true) return;
      if (!String((error as NodeJS.ErrnoException).code).startsWith('Z_')) throw error;
      throw new TableError(
        place,
        `${path} must be a whole gzip file, but: ${(error as Error).message}. Get the file again.`,
        {
          cause: error,
        },
      );
    });
    // Behind the last member may be zeros, which fill up blocks; whatever is there is passed over by no reader of ours.
    const { size: all } = await stat(path);
    if (unpacked.bytesWritten !== all) {
      const message = `${path} must be a gzip file and nothing else, but ${all - unpacked.bytesWritten} bytes follow it. Get the file again.`;
      throw new TableError(place, message);
    }
    if (size === 0) throw new TableError(place, `${path} must hold rows, but is empty`);
  }
  // DuckDB takes the rows that are there.
  if (format === 'json' && depth.isList() && depth.isOpen()) {
    throw new TableError(place, `${path} is broken: the list that it begins with does not end. Get the file again.`);
  }
  return hash.digest('hex');
}

/** Opens a file for something; where that cannot be, the file is to blame. */
async function opening<Result>(
  file: SourceFile,
  place: Place,
  open: (file: SourceFile) => Promise<Result>,
): Promise<Result> {
  try {
    return await open(file);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (!unreadable.includes(code)) throw error;
    throw new TableError(place, `${file.path} must be readable, but: ${message}`, { cause: error });
  }
}

/** Whether there is anything about a file that only reading it would tell. */
export function needsInspection({ format, packed }: SourceFile): boolean {
  return packed || format !== 'parquet';
}

/** How long the line is that a text is in; lines that begin and end within one piece are not looked at, nor are quotes. */
function lineLength() {
  let open = 0;
  return {
    /** The longest of those that go on from the piece before, or into the next one. */
    add(bytes: Uint8Array): number {
      const found = [10, 13].map((end) => [bytes.indexOf(end), bytes.lastIndexOf(end)] as const);
      const ends = found.filter(([first]) => first >= 0);
      if (ends.length === 0) {
        open += bytes.length;
        return open;
      }
      const before = open + Math.min(...ends.map(([first]) => first));
      open = bytes.length - 1 - Math.max(...ends.map(([, last]) => last));
      return Math.max(before, open);
    },
  };
}

/** Bytes that a packed file may unpack to. */
export function mostUnpacked({ bytes }: SourceFile): number {
  return Math.max(gigabytesOf('POLYTASK_UNPACK_LIMIT', usualUnpacked), mostPacked * bytes);
}

/** The error for a file that is small and unpacks to much. */
export function unpacksTooFar(file: SourceFile, place: Place): TableError {
  const most = mostUnpacked(file);
  return new TableError(
    place,
    `${basename(file.path)} has ${file.bytes} bytes and must not unpack to more than ${Math.round(most / 1e6)} MB, but does. ` +
      'If you trust it, allow more gigabytes by POLYTASK_UNPACK_LIMIT.',
  );
}

function lineTooLong(path: string, place: Place): TableError {
  return new TableError(
    place,
    `${basename(path)} must have lines of at most ${longestLine / 1e6} MB, but has a longer one. It may be no CSV, or lack the end of a quote.`,
  );
}

function notUtf8(path: string, place: Place): TableError {
  const message =
    `${basename(path)} must be UTF-8, but is not. Save it as UTF-8, or say how it is written, such as ` +
    '`csv: { encoding: latin1 }` (western European) or `windows-1252`.';
  return new TableError(place, message);
}

function nestedTooDeeply(path: string, place: Place): TableError {
  return new TableError(place, `${path} must have at most ${mostNested} brackets within brackets, but has more.`);
}
