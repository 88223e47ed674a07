import { type FileHandle, open, stat } from 'node:fs/promises';
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from '../checkpoints/checkpoint.js';
import { CheckpointError } from '../checkpoints/checkpoint-error.js';
import { writeFileAtomic } from './write-file-atomic.js';

/** Writes a checkpoint to a file, atomically; an earlier checkpoint of that name stays whole until the new one is. */
export async function saveCheckpoint(path: string, checkpoint: Checkpoint): Promise<void> {
  await writeFileAtomic(path, await encodeCheckpoint(checkpoint));
}

/**
 * Reads a checkpoint from a file.
 *
 * @throws CheckpointError (`POLYTASK_CHECKPOINT`) where the file cannot be read, is cut short, damaged, or not a checkpoint.
 */
export async function loadCheckpoint(path: string): Promise<Checkpoint> {
  let bytes: Uint8Array;
  try {
    bytes = await readRegularFile(path);
  } catch (error) {
    throw new CheckpointError(`The checkpoint \`${path}\` cannot be read: ${(error as Error).message}.`, {
      cause: error,
    });
  }
  try {
    return await decodeCheckpoint(bytes);
  } catch (error) {
    if (!(error instanceof CheckpointError)) throw error;
    throw new CheckpointError(`\`${path}\`: ${error.message}`, { cause: error });
  }
}

/** Not from a pipe or a device, which could keep one waiting or give bytes without end. */
async function readRegularFile(path: string): Promise<Uint8Array> {
  if (!(await stat(path)).isFile()) throw new Error('it is not a regular file');
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const wanted = size <= small ? size : await promisedSize(file, size);
    if (wanted !== size) throw new Error(`its header speaks of ${wanted} bytes, but it has ${size}`);
    const bytes = new Uint8Array(size);
    // In parts: Node reads at most 2 GiB at once.
    let length = 0;
    while (length < size) {
      const { bytesRead } = await file.read(bytes, length, Math.min(size - length, largestRead), length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    return bytes.subarray(0, length);
  } finally {
    await file.close();
  }
}

/** Bytes of a file that are read whatever they say. */
const small = 2 ** 26;
const largestRead = 2 ** 30;
const largestHeader = 100_000_000;

/** How long a large file should be by its header, so that no memory is taken for one that is something else. */
async function promisedSize(file: FileHandle, size: number): Promise<number> {
  const start = new Uint8Array(8);
  await file.read(start, 0, 8, 0);
  const length = new DataView(start.buffer).getBigUint64(0, true);
  if (length > BigInt(Math.min(largestHeader, size - 8))) throw new Error('it does not begin like a checkpoint');
  const header = new Uint8Array(Number(length));
  await file.read(header, 0, header.length, 8);
  const entries = Object.values(JSON.parse(new TextDecoder().decode(header)) as object);
  const ends = entries.map((entry) => (entry as { data_offsets?: unknown[] } | null)?.data_offsets?.[1]);
  return ends.reduce<number>((end, one) => (typeof one === 'number' && one > end ? one : end), 0) + 8 + header.length;
}
