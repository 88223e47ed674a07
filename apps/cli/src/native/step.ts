import { rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makeFolder } from '@polytask/core/node';
import { colorsFor, type Io, overwrite, print } from '../io.js';
import { StoppedError } from './native-error.js';

/** Tells what is going on, and stops between two steps when the user wants so. */
export interface Step {
  readonly signal: AbortSignal;
  note(text: string): void;
  /** Runs something and says how long it took; on a terminal the line moves meanwhile. */
  timed<T>(label: string, body: () => Promise<T>, growth?: Growth): Promise<T>;
  /** Moves a file or folder; the folder that it goes to is made. */
  move(from: string, to: string): Promise<void>;
}

/** Something that grows up to a known size while a step goes on. */
interface Growth {
  readonly size: () => Promise<number>;
  readonly of: number;
}

const everyMilliseconds = 500;

/** Steps that are printed on standard error. */
export function createStep({ stderr, signal, env }: Pick<Io, 'stderr' | 'signal' | 'env'>, quiet: boolean): Step {
  const terminal = stderr.isTTY === true && !quiet;
  const { dim } = colorsFor(stderr, env);
  return {
    signal,
    note(text) {
      if (!quiet) print(stderr, text);
    },
    async timed(label, body, growth) {
      throwIfStopped(signal);
      const start = performance.now();
      let over = false;
      const seconds = () => `${((performance.now() - start) / 1000).toFixed(0)} s`;
      const show = async () => {
        const size = growth === undefined ? '' : `${megabytes(await growth.size(), growth.of)}, `;
        if (!over) overwrite(stderr, `  ${label} … ${dim(`${size}${seconds()}`)}`);
      };
      if (terminal) await show();
      else if (!quiet) print(stderr, `  ${label} …`);
      const timer = terminal ? setInterval(() => void show(), everyMilliseconds) : undefined;
      try {
        return await body();
      } finally {
        over = true;
        clearInterval(timer);
        if (terminal) {
          overwrite(stderr, '');
          print(stderr, `  ${label} ${dim(seconds())}`);
        }
        throwIfStopped(signal);
      }
    },
    async move(from, to) {
      await makeFolder(dirname(to));
      await rename(from, to);
    },
  };
}

function megabytes(size: number, of: number): string {
  return `${Math.round(Math.min(size, of) / 1e6)} of ${Math.round(of / 1e6)} MB`;
}

function throwIfStopped(signal: AbortSignal): void {
  if (signal.aborted) throw new StoppedError();
}
