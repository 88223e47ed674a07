import { type OrderedRows, proportionalRows, type RawBatch, type StreamKey } from '@polytask/core';
import type { RowFile, Stratum } from './row-file.js';
import { rowReader, type TakeRows } from './row-file-reader.js';
import { gatherer } from './row-gatherer.js';

/** Rows of a block, and blocks that are mixed with each other; of all strata alike. */
export interface BlockSize {
  readonly perBlock: number;
  readonly perWindow: number;
}

/** Rows of every stratum in an epoch. */
export function sharesOf(strata: readonly Stratum[]): number[] {
  return strata.map(({ rows, times }) => Math.round(rows * times));
}

/**
 * The rows of a file in orders: each stratum in windows of its own, dealt into one sequence in proportion to their shares. Where
 * a row comes follows from seed, key and place alone, so that nothing has to be remembered to go on.
 *
 * @param reuse - Whether inputs may be written over those of the last batch but one.
 */
export function orderedStrata(
  { path, layout, columns, weights, strata }: RowFile & { readonly strata: readonly Stratum[] },
  size: BlockSize,
  shuffleSeed: string | undefined,
  reuse = false,
): OrderedRows {
  const shares = sharesOf(strata);
  const epoch = shares.reduce((sum, share) => sum + share, 0);
  const readers = strata.map(({ first, rows }) => rowReader(path, layout, { rows, first, ...size }, shuffleSeed));
  let last: RawBatch | undefined;
  let older: RawBatch | undefined;
  let dealt: { readonly key: string; readonly at: number; readonly taken: readonly number[] } | undefined;

  /** Rows of every stratum among the first `at` of a pass. */
  function takenBefore(key: string, at: number): readonly number[] {
    if (dealt?.key === key && dealt.at === at) return dealt.taken;
    return strata.length === 1 ? [at] : proportionalRows(shares, new Array(strata.length).fill(0), at);
  }

  /** Reads rows of one stratum, `from` to `from + count` of its own endless order under `key`. */
  function read(s: number, key: StreamKey, from: number, count: number, take: TakeRows) {
    const { rows } = strata[s] as (typeof strata)[number];
    const waiting: Promise<void>[] = [];
    for (let done = 0; done < count; ) {
      const at = (from + done) % rows;
      const some = Math.min(count - done, rows - at);
      const start = done;
      const name = [...key, s, Math.floor((from + done) / rows)];
      const reading = readers[s]?.read(name, at, some, (row, window, places) => take(start + row, window, places));
      if (reading !== undefined) waiting.push(reading);
      done += some;
    }
    return waiting;
  }

  return {
    layout: { perBlock: size.perBlock, perWindow: size.perWindow },
    take(key, from, count) {
      const { batch, take } = gatherer(layout, count, columns, weights, older);
      if (reuse) [older, last] = [last, batch];
      const waiting: Promise<void>[] = [];
      for (let done = 0; done < count; ) {
        const at = (from + done) % epoch;
        const some = Math.min(count - done, epoch - at);
        const pass = [...key, Math.floor((from + done) / epoch)];
        const name = JSON.stringify(pass);
        const before = takenBefore(name, at);
        const rows = strata.length === 1 ? [some] : proportionalRows(shares, before, some);
        let start = done;
        rows.forEach((ofStratum, s) => {
          const base = start;
          const put: TakeRows = (row, window, places) => take(base + row, window, places);
          waiting.push(...read(s, pass, before[s] as number, ofStratum, put));
          start += ofStratum;
        });
        dealt = { key: name, at: at + some, taken: before.map((taken, s) => taken + (rows[s] as number)) };
        done += some;
      }
      return waiting.length === 0 ? batch : Promise.all(waiting).then(() => batch);
    },
  };
}
