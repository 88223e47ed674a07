import { type Io, overwrite, print } from '../io.js';

/** Tells how many rows are done, on standard error. */
export interface RowProgress {
  rows(done: number): void;
  end(): void;
}

/** What is done sooner needs no progress. */
const patience = 2000;
/** Milliseconds between two lines where there is no terminal. */
const betweenLines = 10_000;
const betweenUpdates = 200;

/**
 * After two seconds: on a terminal a line that is written over and over, elsewhere one every ten seconds. Before the first row is
 * done, which takes a while where a large file is checked as a whole, it says that.
 */
export function rowProgress(
  { stderr, env }: Pick<Io, 'stderr' | 'env'>,
  label: string,
  now = () => performance.now(),
): RowProgress {
  const moving = stderr.isTTY === true && env.TERM !== 'dumb';
  const began = now();
  let told = Number.NEGATIVE_INFINITY;
  let first: { readonly rows: number; readonly time: number } | undefined;
  let shown = false;
  const show = (text: string) => {
    if (moving) overwrite(stderr, text.slice(0, (stderr.columns ?? 80) - 1));
    else print(stderr, text);
    shown = moving;
  };
  const waiting = setTimeout(() => show(`${label}: looking through the rows first`), patience);
  // What it waits for may end the program.
  waiting.unref();
  return {
    rows(done) {
      clearTimeout(waiting);
      const time = now();
      first ??= { rows: done, time };
      if (time - began < patience || time - told < (moving ? betweenUpdates : betweenLines)) return;
      const seconds = (time - first.time) / 1000;
      // A rate over less would be anything.
      if (seconds < 1) return;
      told = time;
      show(`${label}: ${done} rows, ${Math.round((done - first.rows) / seconds)} rows/s`);
    },
    end() {
      clearTimeout(waiting);
      if (shown) overwrite(stderr, '');
      shown = false;
    },
  };
}

/** Nothing at all, for `--quiet`. */
export const noRowProgress: RowProgress = { rows() {}, end() {} };
