import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makeFolder } from '@polytask/core/node';
import { type ParquetColumn, writeParquet } from '@polytask/data/node';
import type { Output } from '../io.js';
import type { Cell } from './prediction-columns.js';

/** What rows can be written as; standard output takes those that are text. */
export const writtenFormats = ['csv', 'jsonl', 'parquet'] as const;

/** One of {@link writtenFormats}. */
export type WrittenFormat = (typeof writtenFormats)[number];

/** Takes rows up. */
export interface RowWriter {
  /** @returns Whether anybody still wants more. */
  write(rows: readonly (readonly Cell[])[]): Promise<boolean>;
  /** All rows are written: the file is there from now on. */
  finish(): Promise<void>;
  /** Nothing of it is wanted any more. May be called after `finish`, and then does nothing. */
  abandon(): Promise<void>;
}

/** Writes rows to a stream, as fast as it takes them. */
export function streamWriter(stream: Output, format: 'csv' | 'jsonl', names: readonly string[]): RowWriter {
  const { begin, line } = textOf(format, names);
  let wanted = true;
  const leave = () => {
    wanted = false;
  };
  // A reader such as `head` may go before all is written.
  stream.once('error', leave);
  stream.once('close', leave);
  let text = begin;
  const flush = async () => {
    const full = text !== '' && wanted && !stream.write(text);
    text = '';
    if (!full) return;
    const stop = new AbortController();
    const events = ['drain', 'close', 'error'].map((event) =>
      once(stream, event, { signal: stop.signal }).catch(() => {}),
    );
    await Promise.race(events);
    stop.abort();
  };
  return {
    async write(rows) {
      text += rows.map(line).join('');
      await flush();
      return wanted;
    },
    async finish() {
      await flush();
      stream.off('error', leave);
      stream.off('close', leave);
    },
    async abandon() {},
  };
}

/** Writes rows to a file that is there when they are complete, and not before. */
export async function fileWriter(path: string, format: WrittenFormat, names: readonly string[]): Promise<RowWriter> {
  await makeFolder(dirname(path));
  const temporary = temporaryName(path);
  const { begin, line } = textOf(format === 'parquet' ? 'lists' : format, names);
  const types = names.map((): ParquetColumn['type'] | undefined => undefined);
  const file: FileHandle = await open(temporary, 'wx');
  let closed = false;
  const close = async () => {
    if (!closed) await file.close();
    closed = true;
  };
  try {
    await file.writeFile(begin);
  } catch (error) {
    await close();
    await rm(temporary, { force: true });
    throw error;
  }
  return {
    async write(rows) {
      const given = format === 'parquet' ? rows.map((row) => row.map(asText)) : rows;
      if (format === 'parquet') for (const row of given) widenTypes(types, row);
      await file.writeFile(given.map(line).join(''));
      return true;
    },
    async finish() {
      await file.sync();
      await close();
      if (format !== 'parquet') return rename(temporary, path);
      const parquet = temporaryName(path);
      try {
        const columns = names.map((name, index) => ({ name, type: types[index] ?? 'text' }));
        await writeParquet(temporary, parquet, columns);
        const written = await open(parquet, 'r+');
        await written.sync().finally(() => written.close());
        await rename(parquet, path);
      } finally {
        await rm(parquet, { force: true });
        await rm(temporary, { force: true });
      }
    },
    async abandon() {
      await close();
      await rm(temporary, { force: true });
    },
  };
}

/** As `writeFileAtomic` names them. */
const temporaryName = (path: string) => `${path}.${randomUUID()}.tmp`;

/** Columns are what all their values are, and text where these differ. */
function widenTypes(types: (ParquetColumn['type'] | undefined)[], row: readonly Cell[]): void {
  row.forEach((cell, column) => {
    if (cell === null || types[column] === 'text') return;
    const type = typeof cell === 'number' || typeof cell === 'boolean' ? (typeof cell as 'number' | 'boolean') : 'text';
    types[column] = types[column] === undefined || types[column] === type ? type : 'text';
  });
}

function textOf(format: 'csv' | 'jsonl' | 'lists', names: readonly string[]) {
  if (format === 'csv') {
    const line = (cells: readonly Cell[]) => `${cells.map(quoted).join(',')}\n`;
    return { begin: line(names), line };
  }
  // By hand: an object would put columns such as `7` first, and lose one such as `__proto__`.
  const keys = names.map((name) => JSON.stringify(name));
  const line = (cells: readonly Cell[]) =>
    format === 'lists'
      ? `${JSON.stringify(cells)}\n`
      : `{${keys.map((key, index) => `${key}:${JSON.stringify(cells[index] ?? null)}`).join(',')}}\n`;
  return { begin: '', line };
}

/** A list or a mapping as its JSON, where columns hold single values. */
const asText = (cell: Cell): Cell => (typeof cell === 'object' && cell !== null ? JSON.stringify(cell) : cell);

/** A value of CSV, by RFC 4180; no value is an empty one. */
function quoted(cell: Cell): string {
  const text = cell === null ? '' : String(asText(cell));
  return /[",\r\n]|^\s|\s$/.test(text) || (text === '' && cell !== null) ? `"${text.replaceAll('"', '""')}"` : text;
}
