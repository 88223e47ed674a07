import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { DatasetError, requireOption } from '@polytask/core';
import { openRegularFile } from '@polytask/core/node';
import type { Strata } from '../../sampling/streamed-dataset.js';
import { cached } from '../cache/cache-folder.js';
import { requireRoom } from '../cache/room.js';
import { readFully } from './read-fully.js';
import { idFile, labelFile, type RowFile, type Stratum, weightFile, wordsOf } from './row-file.js';

/** Bytes that are read at once, and bytes that wait to be written, of all strata together. */
const readBytes = 1 << 20;
const writtenBytes = 16 << 20;

/**
 * A row file in which rows lie by stratum, in their old order within each, so that a stratum can be read without the others;
 * strata of strata are strata with the product of their shares. It is written into the cache once per content. Where the rows
 * lie so already, nothing is written.
 */
export async function drawRows(
  file: RowFile & { readonly strata: readonly Stratum[] },
  { codes, times }: Pick<Strata, 'codes' | 'times'>,
): Promise<RowFile & { readonly strata: readonly Stratum[] }> {
  const fits = codes.length === file.rows && codes.every((code) => code < times.length);
  requireOption(fits, 'codes', `${file.rows} numbers of strata below ${times.length}`, codes.length);
  const stratumOf = new Int32Array(file.rows).fill(-1);
  const rowsOf: number[] = [];
  const timesOf: number[] = [];
  for (const { first, rows, times: own } of file.strata) {
    const found = new Map<number, number>();
    for (let row = first; row < first + rows; row++) {
      const code = codes[row] as number;
      if (code < 0 || times[code] === 0) continue;
      const stratum = found.get(code) ?? rowsOf.length;
      if (!found.has(code)) {
        found.set(code, stratum);
        rowsOf.push(0);
        timesOf.push(own * (times[code] as number));
      }
      rowsOf[stratum] = (rowsOf[stratum] as number) + 1;
      stratumOf[row] = stratum;
    }
  }
  const rows = rowsOf.reduce((sum, count) => sum + count, 0);
  if (rows === 0) throw new DatasetError('A stratum must have a row, but all rows are left out. Keep at least one.');
  let next = 0;
  const strata = rowsOf.map((count, s): Stratum => {
    next += count;
    return { first: next - count, rows: count, times: timesOf[s] as number };
  });
  // Rows of a stratum never go before those of an earlier one where they lie by stratum.
  const inPlace = rows === file.rows && stratumOf.every((s, row) => row === 0 || s >= (stratumOf[row - 1] as number));
  if (inPlace) return { ...file, strata };
  const name = join(basename(dirname(file.path)), basename(file.path));
  const digest = createHash('sha256').update(name).update(new Uint8Array(stratumOf.buffer)).digest('hex');
  const folder = await cached(file.cache, `rows-${digest.slice(0, 40)}`, async (making) => {
    const to = join(making, 'drawn.rows');
    const { layout } = file;
    const parts: [string, string, number][] = [
      [file.path, to, wordsOf(layout)],
      [idFile(file.path), idFile(to), 1],
      ...layout.labels.map(({ size = 1 }, l): [string, string, number] => [
        labelFile(file.path, l),
        labelFile(to, l),
        size,
      ]),
      ...layout.weights.map((_, w): [string, string, number] => [weightFile(file.path, w), weightFile(to, w), 1]),
    ];
    const bytes = parts.reduce((sum, [, , words]) => sum + rows * words * 4, 0);
    await requireRoom(
      making,
      bytes,
      `${rows} rows drawn by class or task`,
      'Draw fewer rows, or leave `sampling` and `mixing` out.',
    );
    for (const [from, into, words] of parts) await copyByStratum(from, into, words, stratumOf, strata);
  });
  return { ...file, path: join(folder, 'drawn.rows'), rows, strata };
}

/** Copies records of `words` words to where their stratum lies, one after another. */
async function copyByStratum(
  from: string,
  to: string,
  words: number,
  stratumOf: Int32Array,
  strata: readonly Stratum[],
): Promise<void> {
  const size = words * 4;
  const perRead = Math.max(1, Math.floor(readBytes / size));
  const perWrite = Math.max(1, Math.floor(writtenBytes / size / strata.length));
  const buffers = strata.map(({ rows }) => Buffer.alloc(Math.min(rows, perWrite) * size));
  const filled = strata.map(() => 0);
  const nextAt = strata.map(({ first }) => first * size);
  const source = await openRegularFile(from);
  try {
    const target = await open(to, 'w');
    try {
      const flush = async (s: number) => {
        const bytes = (buffers[s] as Buffer).subarray(0, filled[s]);
        await writeFully(target, bytes, nextAt[s] as number);
        nextAt[s] = (nextAt[s] as number) + bytes.length;
        filled[s] = 0;
      };
      const block = Buffer.alloc(perRead * size);
      for (let row = 0; row < stratumOf.length; row += perRead) {
        const count = Math.min(perRead, stratumOf.length - row);
        await readFully(source, block.subarray(0, count * size), row * size, from);
        for (let i = 0; i < count; i++) {
          const s = stratumOf[row + i] as number;
          if (s < 0) continue;
          const buffer = buffers[s] as Buffer;
          if (filled[s] === buffer.length) await flush(s);
          block.copy(buffer, filled[s], i * size, (i + 1) * size);
          filled[s] = (filled[s] as number) + size;
        }
      }
      for (let s = 0; s < strata.length; s++) await flush(s);
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}

async function writeFully(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    done += (await file.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
  }
}
