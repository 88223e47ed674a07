import type { Cursor, CursorOptions, RawBatch } from '../contracts/dataset.js';
import { DatasetError } from '../errors/dataset-error.js';
import { requireOption } from '../errors/invalid-option-error.js';
import { batchCount } from './batch-count.js';
import { rowOrder } from './row-order.js';

/** A {@link Cursor} over rows in memory: batches come at once. */
export interface TableCursor extends Cursor {
  next(): RawBatch | null;
}

/** A cursor over rows 0 … `size` − 1, of which `gather` makes batches. */
export function tableCursor(
  size: number,
  gather: (rows: Uint32Array, before: RawBatch | undefined) => RawBatch,
  options: CursorOptions,
): TableCursor {
  const { batchSize, shuffleSeed, reuse = false } = options;
  const batches = requireBatches(size, options);
  let epoch = 0;
  let batch = 0;
  let order: Uint32Array | undefined;
  // The last two batches, of which the older one may be written over.
  let last: RawBatch | undefined;
  let older: RawBatch | undefined;
  function seek(toEpoch: number, toBatch: number): void {
    requirePosition(toEpoch, toBatch);
    if (toEpoch !== epoch) order = undefined;
    epoch = toEpoch;
    batch = toBatch;
  }
  return {
    seek,
    next() {
      if (batch >= batches) return null;
      order ??= rowOrder(size, shuffleSeed, epoch);
      const rows = order.subarray(batch * batchSize, (batch + 1) * batchSize);
      batch++;
      const given = gather(rows, older);
      if (reuse) [older, last] = [last, given];
      return given;
    },
    position: () => ({ epoch, batch }),
    seekTo: (position) => seek(position.epoch as number, position.batch as number),
  };
}

/** {@link batchCount}, refusing a data set that gives no batch at all. */
export function requireBatches(rows: number, options: Pick<CursorOptions, 'batchSize' | 'lastBatch'>): number {
  const batches = batchCount(rows, options);
  if (batches > 0) return batches;
  throw new DatasetError(
    `An epoch must have a batch, but the data set has ${rows} rows, fewer than batchSize ${options.batchSize}, and ` +
      "lastBatch is 'drop'. Lower batchSize, or keep the last batch.",
  );
}

/** Throws unless epoch and batch are numbers to count with. */
export function requirePosition(epoch: unknown, batch: unknown): void {
  requireOption(isCount(epoch), 'epoch', 'a whole number from 0', epoch);
  requireOption(isCount(batch), 'batch', 'a whole number from 0', batch);
}

/** Whether `value` is a whole number from 0. */
export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
