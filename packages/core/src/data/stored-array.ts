import { type HostTensor, sizeOf } from '../contracts/tensors.js';
import { DatasetError } from '../errors/dataset-error.js';

/** An array of a table as it is kept in memory; rows come out of it as {@link HostTensor}s. */
export interface StoredArray {
  /** Bytes are kept as bytes and become float32 when rows are gathered: a quarter of the memory. */
  readonly data: Float32Array | Int32Array | Uint8Array;
  /** Shape of one row. */
  readonly rowShape: readonly number[];
  /** Numbers in one row. */
  readonly width: number;
  /** Factor of bytes. */
  readonly scale: number;
}

/**
 * Checks an array's shape against its length and keeps it, without copying typed arrays.
 *
 * @param what - Names the array in errors, such as ``Input `image` ``.
 * @throws DatasetError (`POLYTASK_DATASET`) where dtype, shape and length do not fit each other.
 */
export function storeArray(
  what: string,
  array: { readonly data: unknown; readonly shape: readonly number[] },
  scale = 1,
): StoredArray {
  const { shape } = array;
  if (!Array.isArray(shape) || shape.length === 0 || !shape.every((d) => Number.isInteger(d) && d > 0)) {
    throw new DatasetError(
      `${what} must have a shape of positive whole numbers, rows first, but has ${JSON.stringify(shape) ?? 'none'}. ` +
        'Pass at least one row.',
    );
  }
  const data = Array.isArray(array.data)
    ? Float32Array.from(array.data, (value, i) => numberOrNaN(what, value, i))
    : array.data;
  if (!(data instanceof Float32Array || data instanceof Int32Array || data instanceof Uint8Array)) {
    throw new DatasetError(
      `${what} must be a Float32Array, Int32Array, Uint8Array or an array of numbers, but is ${nameOf(data)}. Convert it.`,
    );
  }
  const size = sizeOf(shape);
  if (size !== data.length) {
    throw new DatasetError(
      `${what} must have ${size} numbers for its shape [${shape.join(', ')}], but has ${data.length}. Correct the shape.`,
    );
  }
  return { data, rowShape: shape.slice(1), width: size / (shape[0] as number), scale };
}

/** Rows of up to this many numbers are copied one by one, which takes less time than to make a view of each. */
const narrow = 16;

/**
 * Copies rows into a tensor of shape `[rows.length, ...rowShape]`: into `before`, a tensor that was gathered of the same array,
 * where it has the same number of rows, else into a new one. Nothing is kept: the result is the caller's.
 *
 * @remarks Bytes have a loop of their own, so that it runs on one type of array only: 128 rows of 784 bytes took 0.3 to
 * 0.5 ms on one core, a third of it to allocate the result.
 */
export function gatherRows(array: StoredArray, rows: ArrayLike<number>, before?: HostTensor): HostTensor {
  const { data, width, scale } = array;
  const shape = [rows.length, ...array.rowShape];
  const length = rows.length * width;
  const kept = before?.data.length === length ? before.data : undefined;
  if (data instanceof Uint8Array) {
    const floats = kept instanceof Float32Array ? kept : new Float32Array(length);
    return { data: gatherBytes(data, width, scale, rows, floats), shape };
  }
  if (width === 1) {
    const gathered = kept ?? (data instanceof Int32Array ? new Int32Array(length) : new Float32Array(length));
    for (let i = 0; i < length; i++) gathered[i] = data[rows[i] as number] as number;
    return { data: gathered, shape };
  }
  const View = data instanceof Int32Array ? Int32Array : Float32Array;
  const buffer = data.buffer as ArrayBuffer;
  const gathered = kept ?? new View(length);
  for (let i = 0; i < rows.length; i++) {
    const from = (rows[i] as number) * width;
    if (width <= narrow) for (let j = 0; j < width; j++) gathered[i * width + j] = data[from + j] as number;
    // Not `subarray`, which takes longer to make the view than it takes to copy 784 numbers.
    else gathered.set(new View(buffer, data.byteOffset + from * View.BYTES_PER_ELEMENT, width), i * width);
  }
  return { data: gathered, shape };
}

function gatherBytes(
  data: Uint8Array,
  width: number,
  scale: number,
  rows: ArrayLike<number>,
  gathered: Float32Array,
): Float32Array {
  for (let i = 0; i < rows.length; i++) {
    const from = (rows[i] as number) * width;
    const to = i * width;
    for (let j = 0; j < width; j++) gathered[to + j] = (data[from + j] as number) * scale;
  }
  return gathered;
}

function numberOrNaN(what: string, value: unknown, i: number): number {
  if (typeof value === 'number') return value;
  if (value === null || value === undefined) return Number.NaN;
  throw new DatasetError(
    `${what} must hold numbers, but has ${JSON.stringify(value) ?? String(value)} in place ${i}. ` +
      'Encode it as a number first.',
  );
}

function nameOf(value: unknown): string {
  return typeof value === 'object' && value !== null ? `a ${value.constructor?.name ?? 'object'}` : String(value);
}
