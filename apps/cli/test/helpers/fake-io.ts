import { PassThrough } from 'node:stream';
import type { Io, Output } from '../../src/io.js';

/** A stream that remembers what was written to it. */
export interface Written {
  readonly stream: Output;
  text(): string;
}

/** A stream in memory; with `columns` it says that it is a terminal. */
export function written(columns?: number): Written {
  const stream = new PassThrough();
  const chunks: string[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk.toString()));
  if (columns !== undefined) Object.assign(stream, { isTTY: true, columns });
  return { stream, text: () => chunks.join('') };
}

/** Surroundings for a command, with what it wrote. */
export function fakeIo(cwd: string, signal = new AbortController().signal, columns?: number) {
  const stdout = written(columns);
  const stderr = written(columns);
  const io: Io = { stdout: stdout.stream, stderr: stderr.stream, cwd, env: {}, signal };
  return { io, stdout, stderr };
}
