import type { Readable, Writable } from 'node:stream';
import pc from 'picocolors';

/** A stream that may be a terminal. */
export type Output = Writable & { readonly isTTY?: boolean; readonly columns?: number };

/** What a command may touch of its surroundings; tests give their own. */
export interface Io {
  /** What is piped in; read by commands that are told to. */
  readonly stdin?: Readable & { readonly isTTY?: boolean };
  /** The result, and nothing else. */
  readonly stdout: Output;
  /** Progress, notes and mistakes. */
  readonly stderr: Output;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborted when the program is asked to stop. */
  readonly signal: AbortSignal;
  /** Takes what is to be said when a second signal ends the program at once. */
  readonly setLastWords?: (words: () => string) => void;
}

/** Colours for one of the streams: real ones on a terminal, none elsewhere, under NO_COLOR, or on a dumb terminal. */
export function colorsFor(stream: Output, env: Io['env']): ReturnType<typeof pc.createColors> {
  const refused = (env.NO_COLOR ?? '') !== '' || env.TERM === 'dumb';
  return pc.createColors(stream.isTTY === true && !refused);
}

/** Writes a line. */
export function print(stream: Output, line: string): void {
  stream.write(`${line}\n`);
}
