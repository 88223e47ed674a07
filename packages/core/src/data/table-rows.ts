import type { HostTensor } from '../contracts/tensors.js';
import { gatherRows, narrow, type StoredArray } from './stored-array.js';

/** Rows of a table `[rows, ...]`, of which the first has number 0. */
export interface TableRows {
  /** Never written to. */
  readonly table: Float32Array | Int32Array | Uint8Array;
  /** Bytes become float32: byte / `divisor`. None for other tables. */
  readonly divisor?: number | undefined;
  /** Rows of the table, in their order in the tensor; they exist. */
  readonly indices: Int32Array;
  /** Whether somebody has read the tensor's `data` since, who may have changed it. */
  readonly wasRead: boolean;
}

/** Where tensors of {@link rowsWhenRead} have what is behind them. Whoever copies a tensor gets it too, but is not its owner. */
const behind = Symbol('rows of a table');

interface Behind extends TableRows {
  owner: HostTensor | undefined;
  gathered: HostTensor | undefined;
  wasRead: boolean;
}

const behindOf = (tensor: HostTensor | undefined) => (tensor as { readonly [behind]?: Behind } | undefined)?.[behind];

/**
 * Which rows of a table in memory a batch's input is, for an executor that takes them from there by itself: nobody has to copy
 * them then. Only while `wasRead` is false are the numbers surely those of the table. Undefined for every other tensor.
 *
 * @example
 * ```ts
 * import { tableDataset } from '@polytask/core';
 * import { tableRows } from '@polytask/core/executors';
 *
 * const table = tableDataset({
 *   inputs: { pixels: { data: new Uint8Array(100 * 64), shape: [100, 64] } },
 *   columns: { digit: new Int32Array(100) },
 * });
 * const batch = await table.open({ batchSize: 2, reuse: true }).next();
 * const pixels = batch?.inputs.pixels;
 * console.log(pixels && tableRows(pixels)?.indices); // => Int32Array(2) [ 0, 1 ]
 * console.log(pixels?.data.length, pixels && tableRows(pixels)?.wasRead); // => 128 true
 * ```
 */
export function tableRows(tensor: HostTensor): TableRows | undefined {
  const rows = behindOf(tensor);
  return rows?.owner === tensor ? rows : undefined;
}

/**
 * The same numbers as {@link gatherRows}, which are copied when `data` is first read: an executor that takes rows from the table by
 * itself ({@link tableRows}) spares the copy. Rows that are quickly copied are gathered at once, and so are bytes whose factor
 * is not 1 / a whole number, and tables in memory that several threads share, which no runtime takes.
 *
 * @param rows - Kept until the tensor's end where they are a `Uint32Array`; not to be written to.
 * @param before - A tensor of the same array that is not used any longer: its numbers are written over, where it has any.
 */
export function rowsWhenRead(array: StoredArray, rows: ArrayLike<number>, before?: HostTensor): HostTensor {
  const { data, width, rowShape, scale } = array;
  const divisor = Math.fround(Math.round(1 / scale));
  const isExact = !(data instanceof Uint8Array) || scale === 1 / divisor;
  if (width <= narrow || !isExact || !(data.buffer instanceof ArrayBuffer)) return gatherRows(array, rows, before);
  const indices = rows instanceof Uint32Array ? sameNumbers(rows) : Int32Array.from(rows);
  const overwritten = behindOf(before)?.gathered;
  const known: Behind = {
    table: data,
    indices,
    divisor: data instanceof Uint8Array ? divisor : undefined,
    wasRead: false,
    owner: undefined,
    gathered: undefined,
  };
  const tensor = {
    shape: [rows.length, ...rowShape],
    get data() {
      known.gathered ??= gatherRows(array, indices, overwritten);
      known.wasRead = true;
      return known.gathered.data;
    },
    [behind]: known,
  };
  known.owner = tensor;
  return tensor;
}

/** Row numbers, which are below 2³¹, as signed ones. */
function sameNumbers(rows: Uint32Array): Int32Array {
  return new Int32Array(rows.buffer, rows.byteOffset, rows.length);
}
