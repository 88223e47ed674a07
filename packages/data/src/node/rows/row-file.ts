import { closeSync, openSync, writeSync } from 'node:fs';
import type { InputSpecs } from '@polytask/core';

/** A label: one number, or `size` of them. */
export interface LabelLayout {
  readonly dtype: 'float32' | 'int32';
  readonly size?: number;
}

/** What a row of a row file is made of: words of four bytes, one after another. */
export interface RowLayout {
  /** Numbers, float32. */
  readonly numbers: number;
  /** Ids of categories, int32. */
  readonly ids: number;
  readonly labels: readonly LabelLayout[];
  /** Weights of the row, float32, by the column that they come from. */
  readonly weights: readonly string[];
  /** What the inputs are called; default `numbers` and `categories`. */
  readonly names?: { readonly numbers: string; readonly categories: string };
}

/** The usual names of inputs. */
export const usualNames = { numbers: 'numbers', categories: 'categories' };

/** Words in a row; the last one is the row's id, int32. */
export function wordsOf({ numbers, ids, labels, weights }: RowLayout): number {
  return numbers + ids + labels.reduce((sum, { size = 1 }) => sum + size, 0) + weights.length + 1;
}

/** Encoded rows, to be written. */
export interface WritableRows {
  readonly numbers: Float32Array;
  readonly ids: Int32Array;
  readonly labels: readonly (Float32Array | Int32Array)[];
  readonly weights: readonly Float32Array[];
  readonly rowIds: Int32Array;
}

/** Writes a row file and, beside it, a file per label column and one of row ids. */
export interface RowFileWriter {
  /** Adds one row of `rows`. */
  add(rows: WritableRows, row: number): void;
  /** Writes what is left and closes the files. @returns How many rows there are. */
  finish(): number;
  /** Closes the files as they are. */
  close(): void;
}

/** Bytes that are gathered before they are written. */
const bufferBytes = 4 << 20;

/** File of the labels of column `index`, beside a row file. */
export function labelFile(path: string, index: number): string {
  return `${path}.label-${index}`;
}

/** File of the weights of column `index`, beside a row file. */
export function weightFile(path: string, index: number): string {
  return `${path}.weight-${index}`;
}

/** File of the row ids, beside a row file. */
export function idFile(path: string): string {
  return `${path}.ids`;
}

/** Opens a row file for writing; numbers are little-endian, as all machines that run Node have them. */
export function writeRowFile(path: string, layout: RowLayout): RowFileWriter {
  const { numbers: width, ids: idCount, labels, weights } = layout;
  const words = wordsOf(layout);
  const records = bufferedFile(path, words);
  const columns = labels.map((label, index) => bufferedFile(labelFile(path, index), label.size ?? 1));
  const weightColumns = weights.map((_, index) => bufferedFile(weightFile(path, index), 1));
  const rowIds = bufferedFile(idFile(path), 1);
  const files = [records, rowIds, ...columns, ...weightColumns];
  let rows = 0;
  return {
    add(block, row) {
      const { floats, ints } = records;
      const at = records.next();
      for (let i = 0; i < width; i++) floats[at + i] = block.numbers[row * width + i] as number;
      for (let i = 0; i < idCount; i++) ints[at + width + i] = block.ids[row * idCount + i] as number;
      let place = at + width + idCount;
      for (let l = 0; l < labels.length; l++) {
        const { dtype, size = 1 } = labels[l] as LabelLayout;
        const column = columns[l] as BufferedFile;
        const start = column.next();
        for (let i = 0; i < size; i++) {
          const label = (block.labels[l] as Float32Array)[row * size + i] as number;
          (dtype === 'float32' ? floats : ints)[place++] = label;
          (dtype === 'float32' ? column.floats : column.ints)[start + i] = label;
        }
      }
      for (let w = 0; w < weights.length; w++) {
        const weight = block.weights[w]?.[row] as number;
        const column = weightColumns[w] as BufferedFile;
        floats[place++] = weight;
        column.floats[column.next()] = weight;
      }
      const id = block.rowIds[row] as number;
      ints[at + words - 1] = id;
      rowIds.ints[rowIds.next()] = id;
      rows += 1;
    },
    finish() {
      for (const file of files) file.flush();
      for (const file of files) file.close();
      return rows;
    },
    close() {
      for (const file of files) file.close();
    },
  };
}

interface BufferedFile {
  readonly floats: Float32Array;
  readonly ints: Int32Array;
  /** Where there is room for one more record in both. */
  next(): number;
  flush(): void;
  close(): void;
}

function bufferedFile(path: string, words: number): BufferedFile {
  const records = Math.max(1, Math.floor(bufferBytes / (4 * words)));
  const buffer = new ArrayBuffer(records * words * 4);
  const bytes = new Uint8Array(buffer);
  const file = openSync(path, 'w');
  let filled = 0;
  const flush = () => {
    for (let from = 0; from < filled * words * 4; ) from += writeSync(file, bytes, from, filled * words * 4 - from);
    filled = 0;
  };
  return {
    floats: new Float32Array(buffer),
    ints: new Int32Array(buffer),
    next() {
      if (filled === records) flush();
      filled += 1;
      return (filled - 1) * words;
    },
    flush,
    close: () => closeSync(file),
  };
}

/** Rows that lie together in a file and have a share of every epoch. */
export interface Stratum {
  /** The first one's place in the file. */
  readonly first: number;
  readonly rows: number;
  /** How often each of them comes in an epoch, on average. */
  readonly times: number;
}

/** Rows in a file. */
export interface RowFile {
  readonly path: string;
  readonly rows: number;
  readonly layout: RowLayout;
  /** Inputs `numbers` and `categories`, those of them that the layout has. */
  readonly inputs: InputSpecs;
  /** Names of the label columns. */
  readonly columns: readonly string[];
  /** By label column: which of the layout's weights its rows have. */
  readonly weights: { readonly [column: string]: number };
  /** All row ids are below it. */
  readonly idLimit: number;
  /** Folder for rows in another order. */
  readonly cache: string;
  /** Identifies the rows and their shares. */
  readonly fingerprint?: string;
  /** Default: all rows once per epoch. */
  readonly strata?: readonly Stratum[];
  /** How many data sets share the memory for reading. Default 1. */
  readonly streams?: number;
}
