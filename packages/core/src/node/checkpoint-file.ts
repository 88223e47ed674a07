import type { FileHandle } from 'node:fs/promises';
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from '../checkpoints/checkpoint.js';
import { CheckpointError } from '../checkpoints/checkpoint-error.js';
import { openRegularFile, readOpened } from './regular-file.js';
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
    bytes = await readWhole(path);
  } catch (error) {
    throw new CheckpointError(
      `The checkpoint \`${path}\` cannot be read: ${(error as Error).message.replace(/\.$/, '')}.`,
      {
        cause: error,
      },
    );
  }
  try {
    return await decodeCheckpoint(bytes);
  } catch (error) {
    if (!(error instanceof CheckpointError)) throw error;
    throw new CheckpointError(`\`${path}\`: ${error.message}`, { cause: error });
  }
}

/** All of a file, if it is as long as its header says. */
async function readWhole(path: string): Promise<Uint8Array> {
  const file = await openRegularFile(path);
  try {
    const { size } = await file.stat();
    const wanted = size <= small ? size : await promisedSize(file, size);
    if (wanted !== size) throw new Error(`its header speaks of ${wanted} bytes, but it has ${size}`);
    return await readOpened(file, size);
  } finally {
    await file.close();
  }
}

/** Bytes of a file that are read whatever they say. */
const small = 2 ** 26;
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
