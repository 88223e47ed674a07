import type { FileHandle } from 'node:fs/promises';
import { DatasetError } from '@polytask/core';

/** Reads exactly as many bytes as the buffer has. */
export async function readFully(file: FileHandle, bytes: Uint8Array, position: number, path: string): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesRead } = await file.read(bytes, done, bytes.length - done, position + done);
    if (bytesRead === 0) {
      throw new DatasetError(
        `The cached rows ${path} must have more bytes, but end early. Remove the folder; it is made again.`,
      );
    }
    done += bytesRead;
  }
}
