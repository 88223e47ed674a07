import type { Output } from './io.js';

/** What went wrong with an output, if something did. */
export interface OutputState {
  readonly error: NodeJS.ErrnoException | undefined;
}

/**
 * Lets a program go on where one of its outputs cannot be written: the reader has gone, or the disk with the log file is full. What
 * is written after that is dropped. Files are written at once, and their streams throw; pipes tell by an event.
 */
export function outliveErrors(stream: Output): OutputState {
  let found: NodeJS.ErrnoException | undefined;
  stream.on('error', (error: NodeJS.ErrnoException) => {
    found ??= error;
  });
  const write = stream.write.bind(stream) as (...parameters: unknown[]) => boolean;
  stream.write = (...parameters: unknown[]) => {
    if (found !== undefined) return true;
    try {
      return write(...parameters);
    } catch (error) {
      // Code that waits for this stream hears of it as well.
      stream.emit('error', error);
      return true;
    }
  };
  return {
    get error() {
      return found;
    },
  };
}
