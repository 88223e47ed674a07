import { readFile, stat } from 'node:fs/promises';
import { type Checkpoint, CheckpointError, decodeCheckpoint, encodeCheckpoint } from '../training/checkpoint.js';
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
  return readFile(path);
}
