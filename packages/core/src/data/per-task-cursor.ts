import type { Cursor, CursorOptions, RawBatch } from '../contracts/dataset.js';
import type { State } from '../contracts/tensors.js';
import { DatasetError } from '../errors/dataset-error.js';
import { type SourceRows, setSourcesSideBySide, stackSources } from './combine-sources.js';
import type { OrderedRows } from './ordered-dataset.js';
import { proportionalRows } from './proportional-rows.js';
import { isCount, requireBatches, requirePosition } from './table-cursor.js';

/** One task's data set. */
export interface TaskSource {
  readonly name: string;
  readonly size: number;
  readonly column: string;
  readonly idOffset: number;
  open(shuffleSeed: string | undefined): OrderedRows;
}

/**
 * A cursor over the data sets of several tasks. Within an epoch it stands where the counts of rows taken of each source
 * say. Batches come at once where all rows are in memory.
 *
 * @param common - Whether the sources have the same inputs.
 */
export function perTaskCursor(sources: readonly TaskSource[], common: boolean, options: CursorOptions): Cursor {
  const { batchSize, shuffleSeed } = options;
  const sizes = sources.map(({ size }) => size);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const batches = requireBatches(total, options);
  const readers = sources.map((source) => source.open(shuffleSeed));
  const layouts = readers.map(({ layout }) => layout ?? null);
  // Tables in memory have none, and nothing to say of it.
  const layout = layouts.some((one) => one !== null) ? { layouts } : {};
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

  function take(s: number, count: number): SourceRows | Promise<SourceRows> {
    const { name, column, idOffset } = sources[s] as TaskSource;
    const { take: read } = readers[s] as OrderedRows;
    const asPart = (raw: RawBatch): SourceRows => ({ raw: count === 0 ? { ...raw, size: 0 } : raw, column, idOffset });
    // Without a row: none, or one to stand in where the source's arrays must not be empty.
    const raw = read([name, epoch], taken[s] as number, count === 0 && !common ? 1 : count);
    return raw instanceof Promise ? raw.then(asPart) : asPart(raw);
  }

  const combine = (parts: readonly SourceRows[]) => (common ? stackSources(parts) : setSourcesSideBySide(parts));

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
      // Before anything is waited for: what is being read is no part of the place.
      advance(rows);
      const inMemory = parts.every((part): part is SourceRows => !(part instanceof Promise));
      return inMemory ? combine(parts as SourceRows[]) : Promise.all(parts).then(combine);
    },
    position: () => ({ epoch, batch, taken, ...layout }),
    seekTo(position) {
      const counts = checkTaken(position, sources.length);
      requirePosition(position.epoch, position.batch);
      checkLayouts(position, layouts);
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

function checkLayouts(position: State, layouts: readonly (State | null)[]): void {
  const saved = JSON.stringify(position.layouts ?? layouts.map(() => null));
  if (saved === JSON.stringify(layouts)) return;
  throw new DatasetError(
    `A saved position must be of sources that lie as these do, ${JSON.stringify(layouts)}, but is of ${saved}. ` +
      'Resume with the data sets that the run was started with.',
  );
}
