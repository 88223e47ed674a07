import { type Io, print } from '../io.js';

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

/** After two seconds: on a terminal a line that is written over and over, elsewhere one every ten seconds. */
export function rowProgress(
  { stderr, env }: Pick<Io, 'stderr' | 'env'>,
  label: string,
  now = () => performance.now(),
): RowProgress {
  const moving = stderr.isTTY === true && env.TERM !== 'dumb';
  const began = now();
  let told = began + patience - (moving ? betweenUpdates : betweenLines);
  let shown = false;
  return {
    rows(done) {
      const time = now();
      if (time - began < patience || time - told < (moving ? betweenUpdates : betweenLines)) return;
      told = time;
      const text = `${label}: ${done} rows, ${Math.round(done / ((time - began) / 1000))} rows/s`;
      if (moving) stderr.write(`\r${text.slice(0, (stderr.columns ?? 80) - 1)}\u001b[K`);
      else print(stderr, text);
      shown = moving;
    },
    end() {
      if (shown) stderr.write('\r\u001b[K');
      shown = false;
    },
  };
}

/** Nothing at all, for `--quiet`. */
export const noRowProgress: RowProgress = { rows() {}, end() {} };
