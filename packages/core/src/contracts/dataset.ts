import type { InputSpecs } from './batch.js';
import type { HostTensor, State } from './tensors.js';

/** Rows as a data set has them, before labels are weighed: missing labels are NaN (float32) or negative (int32). */
export interface RawBatch {
  readonly size: number;
  readonly inputs: { readonly [input: string]: HostTensor };
  /** By column. A column absent here has no label in any of these rows. */
  readonly columns: { readonly [column: string]: HostTensor };
  /** Sample weights by column, where the data set has them. */
  readonly sampleWeights: { readonly [column: string]: Float32Array };
  /** By column: stable id of every row. */
  readonly ids: { readonly [column: string]: Int32Array };
  /** Index of the data set each row came from, where there are several. */
  readonly rowSource?: Int32Array;
}

/** How to go through a data set. */
export interface CursorOptions {
  readonly batchSize: number;
  /** Seed of the order; none: rows in their own order. */
  readonly shuffleSeed?: string;
  /** What happens to a last, smaller batch. Default `'keep'`: it runs at its true size. */
  readonly lastBatch?: 'keep' | 'drop' | undefined;
  /** Rows per source for each batch, where there are several sources. */
  readonly rows?: (step: number) => readonly number[];
  /**
   * Whether inputs may be written into the arrays of the batch before the last one, so that a loop that has done with a batch when
   * it asks for the next makes no garbage of megabytes. Default false: every batch is the caller's. A cursor need not do it.
   */
  readonly reuse?: boolean;
}

/** A place in a data set. Batch `n` of an epoch is reached by `n` calls of `next`, or at once by `seek`. */
export interface Cursor {
  /** Starts epoch `epoch` (0, 1, ...) at batch `batch`. Same seed and epoch, same order, whatever came before. */
  seek(epoch: number, batch: number): void;
  /**
   * Where the cursor stands: everything that `seekTo` needs to give the same batches again, as plain data. Asked right after
   * `next` has given a batch, it is the place of the one that comes after that; batches read ahead do not count.
   */
  position(): State;
  /** Goes to a saved position. */
  seekTo(position: State): void;
  /** The next batch of this epoch; null at its end. */
  next(): RawBatch | null | Promise<RawBatch | null>;
}

/** One source of rows within a data set; most data sets have a single one. */
export interface SourceInfo {
  readonly name: string;
  readonly rows: number;
}

/** Data for several tasks: inputs and target columns by name. */
export interface MultiTaskDataset {
  readonly inputs: InputSpecs;
  readonly columns: readonly string[];
  readonly size: number;
  /**
   * Identifies the contents: the same rows in the same order have the same. For data sets that know it without being read, such
   * as from a file's checksum; others are read through where it is needed.
   */
  readonly fingerprint?: string;
  /** Where tasks have data sets of their own: one entry per task. */
  readonly sources: readonly SourceInfo[];
  open(options: CursorOptions): Cursor;
  /** Batches in an epoch. */
  batches(options: Pick<CursorOptions, 'batchSize' | 'lastBatch'>): number;
}
