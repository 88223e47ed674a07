import type { StreamKey } from '@polytask/core';
import { openRegularFile } from '@polytask/core/node';
import { readFully } from './read-fully.js';
import { type RowLayout, wordsOf } from './row-file.js';
import { type Blocks, orderInWindow, rowsIn, type Window, windowsOf } from './row-order.js';

/** Rows of a row file as they lie in memory. */
export interface RowsInMemory {
  readonly floats: Float32Array;
  readonly ints: Int32Array;
}

/** Goes through the rows of a row file in orders that are named by keys; see {@link windowsOf}. */
export interface RowReader {
  /**
   * Rows `from` to `from + count` of the order that `key` names, passed to `take` window by window. At once where they are in
   * memory, which they are if reading goes on where it stopped.
   */
  read(key: StreamKey, from: number, count: number, take: TakeRows): void | Promise<void>;
}

/** Takes rows of one window, numbered from `row` on; each begins in the window at a word of `places`. */
export type TakeRows = (row: number, window: RowsInMemory, places: Uint32Array) => void;

interface LoadedWindow extends RowsInMemory {
  readonly order: Uint32Array;
}

/** Opens a reader; it holds no file open between reads. */
export function rowReader(path: string, layout: RowLayout, blocks: Blocks, shuffleSeed: string | undefined): RowReader {
  const words = wordsOf(layout);
  let name: string | undefined;
  let windows: Window[] = [];
  /** Windows in memory, or on their way there. */
  let loading = new Map<number, Promise<LoadedWindow>>();
  let loaded = new Map<number, LoadedWindow>();
  /** What fits into one window is read once. */
  const isOneWindow = Math.ceil(blocks.rows / blocks.perBlock) <= blocks.perWindow;
  let only: RowsInMemory | undefined;

  function start(key: StreamKey, index: number): Promise<LoadedWindow> {
    const found = loading.get(index);
    if (found !== undefined) return found;
    const [ofWindows, ofLoaded] = [windows, loaded];
    const inOrder = (rows: RowsInMemory): LoadedWindow => {
      if (isOneWindow) only = rows;
      const window = { ...rows, order: orderInWindow(ofWindows[index]?.size ?? 0, shuffleSeed, ...key, index) };
      ofLoaded.set(index, window);
      return window;
    };
    const promise =
      only === undefined
        ? loadWindow(path, words, blocks, ofWindows[index] as Window).then(inOrder)
        : Promise.resolve(inOrder(only));
    // Code that needs the window hears of it; nothing has to need it.
    promise.catch(() => {});
    loading.set(index, promise);
    return promise;
  }

  return {
    read(key, from, count, take) {
      const wanted = JSON.stringify(key);
      if (wanted !== name) {
        name = wanted;
        windows = windowsOf(blocks, shuffleSeed, ...key);
        loading = new Map();
        loaded = new Map();
      }
      const first = windows.findIndex(({ start: begin, size }) => from < begin + size);
      let last = first;
      while (last + 1 < windows.length && (windows[last + 1] as Window).start < from + count) last += 1;
      for (const index of loading.keys()) {
        if (index >= first && index <= last + 1) continue;
        loading.delete(index);
        loaded.delete(index);
      }
      const needed: Promise<LoadedWindow>[] = [];
      for (let index = first; index <= last; index++) needed.push(start(key, index));
      if (last + 1 < windows.length) void start(key, last + 1);
      const [ofWindows, ofLoaded] = [windows, loaded];
      const takeAll = () => {
        for (let index = first, row = 0; index <= last; index++) {
          const { start: begin, size } = ofWindows[index] as Window;
          const rows = ofLoaded.get(index) as LoadedWindow;
          const places = rows.order.slice(from + row - begin, Math.min(from + count - begin, size));
          for (let i = 0; i < places.length; i++) places[i] = (places[i] as number) * words;
          take(row, rows, places);
          row += places.length;
        }
      };
      for (let index = first; index <= last; index++) {
        if (!ofLoaded.has(index)) return Promise.all(needed).then(takeAll);
      }
      return takeAll();
    },
  };
}

async function loadWindow(path: string, words: number, blocks: Blocks, window: Window): Promise<RowsInMemory> {
  const buffer = new ArrayBuffer(window.size * words * 4);
  const file = await openRegularFile(path);
  try {
    let to = 0;
    // All at once: reading goes on while the step under way computes.
    await Promise.all(
      window.blocks.map(async (block) => {
        const bytes = new Uint8Array(buffer, to, rowsIn(blocks, block) * words * 4);
        to += bytes.length;
        await readFully(file, bytes, ((blocks.first ?? 0) + block * blocks.perBlock) * words * 4, path);
      }),
    );
  } finally {
    await file.close();
  }
  return { floats: new Float32Array(buffer), ints: new Int32Array(buffer) };
}
