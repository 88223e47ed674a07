import type { Readable, Writable } from 'node:stream';
import pc from 'picocolors';
import { ownColor, printable } from './printable.js';

/** A stream that may be a terminal. */
export type Output = Writable & { readonly isTTY?: boolean; readonly columns?: number };

/** What a command may touch of its surroundings; tests give their own. */
export interface Io {
  /** What is piped in; read by commands that are asked to. */
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

/** Colours of what is printed for people. */
export type Colors = Readonly<Record<'bold' | 'dim' | 'green' | 'red' | 'yellow', (text: string) => string>>;

/** Colours for one of the streams: real ones on a terminal, none elsewhere, under NO_COLOR, or on a dumb terminal. */
export function colorsFor(stream: Output, env: Io['env']): Colors {
  const refused = (env.NO_COLOR ?? '') !== '' || env.TERM === 'dumb';
  const { bold, dim, green, red, yellow } = pc.createColors(stream.isTTY === true && !refused);
  return {
    bold: ownColor(bold),
    dim: ownColor(dim),
    green: ownColor(green),
    red: ownColor(red),
    yellow: ownColor(yellow),
  };
}

/** Writes a line for people; names and values from files may be in it. */
export function print(stream: Output, line: string): void {
  stream.write(`${printable(line)}\n`);
}

/** Writes what is for people without a line's end, such as pages of help. */
export function printText(stream: Output, text: string): void {
  stream.write(printable(text));
}

/** Writes over the line that the cursor is in. */
export function overwrite(stream: Output, line: string): void {
  stream.write(`\r${printable(line)}\u001b[K`);
}

/** Writes a document for programs, as it is. */
export function printJson(stream: Output, document: unknown): void {
  stream.write(`${JSON.stringify(document, null, 2)}\n`);
}
