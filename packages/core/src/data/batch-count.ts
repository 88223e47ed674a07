import type { CursorOptions } from '../contracts/dataset.js';
import { requireOption } from '../errors/invalid-option-error.js';

/**
 * Batches in one epoch of `rows` rows: rounded up, or down where a smaller last batch is dropped.
 *
 * @throws InvalidOptionError (`POLYTASK_INVALID_OPTION`) unless `batchSize` is a positive whole number.
 */
export function batchCount(rows: number, options: Pick<CursorOptions, 'batchSize' | 'lastBatch'>): number {
  const { batchSize, lastBatch = 'keep' } = options;
  requireOption(Number.isInteger(batchSize) && batchSize > 0, 'batchSize', 'a positive whole number', batchSize);
  requireOption(lastBatch === 'keep' || lastBatch === 'drop', 'lastBatch', "'keep' or 'drop'", lastBatch);
  return lastBatch === 'keep' ? Math.ceil(rows / batchSize) : Math.floor(rows / batchSize);
}
