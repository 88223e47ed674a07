import { permutation, type StreamKey, uniformStream } from '@polytask/core';

/** Rows that lie together in a file and are read at once. */
export interface Blocks {
  readonly rows: number;
  /** Row of the file that is the first of these. Default 0. */
  readonly first?: number;
  /** Rows per block; the last one may have fewer. */
  readonly perBlock: number;
  /** Blocks per window: their rows are in memory together, and mixed. */
  readonly perWindow: number;
}

/** Rows of an order that are mixed with each other. */
export interface Window {
  /** Position of its first row within the order. */
  readonly start: number;
  readonly size: number;
  /** Blocks, in the order in which they are read into the window. */
  readonly blocks: readonly number[];
}

/**
 * An order of all rows that can be had without holding them all: blocks in random order, a number of them make a window, and
 * the rows of a window are in random order. With no seed, rows lie as they do in the file.
 *
 * What is promised: every row comes once; the order depends on the seed, the key and the sizes alone; where everything fits
 * into one window, all orders are equally likely. Otherwise rows of one block stay within one window, which is why rows are
 * put in random order once when the file is made: a window is then a random sample of all rows.
 *
 * @param key - Tells orders under the same seed from each other, such as the epoch.
 */
export function windowsOf(blocks: Blocks, shuffleSeed: string | undefined, ...key: StreamKey): Window[] {
  const { rows, perBlock, perWindow } = blocks;
  const count = Math.ceil(rows / perBlock);
  // One window has the same rows in every order: mixing them is enough, and they need not be read again.
  const order =
    shuffleSeed === undefined || count <= perWindow
      ? Uint32Array.from({ length: count }, (_, block) => block)
      : permutation(count, uniformStream(shuffleSeed, 'shuffle', 'blocks', ...key));
  const windows: Window[] = [];
  let start = 0;
  for (let first = 0; first < count; first += perWindow) {
    const chosen = [...order.subarray(first, first + perWindow)];
    const size = chosen.reduce((sum, block) => sum + rowsIn(blocks, block), 0);
    windows.push({ start, size, blocks: chosen });
    start += size;
  }
  return windows;
}

/** The order of the rows within a window; they are numbered as its blocks bring them. */
export function orderInWindow(size: number, shuffleSeed: string | undefined, ...key: StreamKey): Uint32Array {
  if (shuffleSeed === undefined) return Uint32Array.from({ length: size }, (_, row) => row);
  return permutation(size, uniformStream(shuffleSeed, 'shuffle', 'window', ...key));
}

/** Rows of a block. */
export function rowsIn({ rows, perBlock }: Blocks, block: number): number {
  return Math.min(perBlock, rows - block * perBlock);
}
