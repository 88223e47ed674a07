import { DatasetError } from '../errors/dataset-error.js';
import type { CursorOptions } from '../spec/dataset.js';
import type { State } from '../spec/tensors.js';
import { type SourceRows, setSourcesSideBySide, stackSources } from './combine-sources.js';
import type { TableDataset } from './indexed-dataset.js';
import { proportionalRows } from './proportional-rows.js';
import { rowOrder } from './row-order.js';
import { isCount, requireBatches, requirePosition, type TableCursor } from './table-cursor.js';

/** One task's data set. */
export interface TaskSource {
  readonly name: string;
  readonly dataset: TableDataset;
  readonly column: string;
  readonly idOffset: number;
}

/**
 * A cursor over the data sets of several tasks. Within an epoch it stands where the counts of rows taken of each source
 * say.
 *
 * @param common - Whether the sources have the same inputs.
 */
export function perTaskCursor(sources: readonly TaskSource[], common: boolean, options: CursorOptions): TableCursor {
  const { batchSize, shuffleSeed } = options;
  const sizes = sources.map(({ dataset }) => dataset.size);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const batches = requireBatches(total, options);
  const orders: { key: string; rows: Uint32Array }[] = [];
  let epoch = 0;
  let batch = 0;
  let taken: readonly number[] = sizes.map(() => 0);

  /** Rows of every source in the batch that the cursor stands before. */
  function plan(): readonly number[] {
    if (options.rows !== undefined) return checkPlan(options.rows(epoch * batches + batch), sources, batchSize);
    return proportionalRows(sizes, taken, Math.min(batchSize, total - batch * batchSize));
  }

  function advance(rows: readonly number[]): void {
    taken = taken.map((count, s) => count + (rows[s] as number));
    batch++;
  }

  /** The order of source `s` when it is gone through for the `pass`-th time in this epoch. */
  function order(s: number, pass: number): Uint32Array {
    const { name, dataset } = sources[s] as TaskSource;
    const key = `${epoch}:${pass}`;
    const kept = orders[s];
    if (kept?.key === key) return kept.rows;
    const rows = rowOrder(dataset.size, shuffleSeed, name, epoch, pass);
    orders[s] = { key, rows };
    return rows;
  }

  function take(s: number, count: number): SourceRows {
    const { dataset, column, idOffset } = sources[s] as TaskSource;
    // Without a row: none, or one to stand in where the source's arrays must not be empty.
    if (count === 0) return { raw: { ...dataset.gather(common ? [] : [0]), size: 0 }, column, idOffset };
    const rows = new Uint32Array(count);
    for (let i = 0; i < count; i++) {
      const position = (taken[s] as number) + i;
      rows[i] = order(s, Math.floor(position / dataset.size))[position % dataset.size] as number;
    }
    return { raw: dataset.gather(rows), column, idOffset };
  }

  return {
    seek(toEpoch, toBatch) {
      requirePosition(toEpoch, toBatch);
      epoch = toEpoch;
      batch = 0;
      taken = sizes.map(() => 0);
      while (batch < Math.min(toBatch, batches)) advance(plan());
    },
    next() {
      if (batch >= batches) return null;
      const rows = plan();
      const parts = rows.map((count, s) => take(s, count));
      advance(rows);
      return common ? stackSources(parts) : setSourcesSideBySide(parts);
    },
    position: () => ({ epoch, batch, taken }),
    seekTo(position) {
      const counts = checkTaken(position, sources.length);
      requirePosition(position.epoch, position.batch);
      epoch = position.epoch as number;
      batch = position.batch as number;
      taken = counts;
    },
  };
}

function checkPlan(rows: readonly number[], sources: readonly TaskSource[], batchSize: number): readonly number[] {
  const sum = rows.reduce((total, count) => total + count, 0);
  if (rows.length === sources.length && rows.every(isCount) && sum === batchSize) return rows;
  throw new DatasetError(
    `Rows per source must be ${sources.length} whole numbers from 0 (${sources.map(({ name }) => name).join(', ')}) ` +
      `that sum to batchSize ${batchSize}, but are [${rows.join(', ')}]. Correct the task schedule.`,
  );
}

function checkTaken(position: State, sources: number): readonly number[] {
  const { taken } = position;
  if (Array.isArray(taken) && taken.length === sources && taken.every(isCount)) return [...(taken as number[])];
  throw new DatasetError(
    `A saved position must have the rows taken of ${sources} sources, but has ${JSON.stringify(taken) ?? 'none'}. ` +
      'Resume with the data sets that the run was started with.',
  );
}
