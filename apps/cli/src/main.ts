#!/usr/bin/env node
import { importCode } from '@polytask/experiment/early';
import { projectProgram } from './code/hand-over.js';
import { type Io, print } from './io.js';
import { runProgram } from './program.js';
import { watchSignals } from './signals.js';

const { stdout, stderr } = process;
const args = process.argv.slice(2);
const other = projectProgram(args, process.cwd(), import.meta.url);
if (other === undefined) process.exitCode = await runHere();
else await importCode(other);

async function runHere(): Promise<number> {
  // A reader such as `head` may leave before all is written; that is its right.
  for (const stream of [stdout, stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
  const { signal, exitCode, setLastWords } = watchSignals({
    on: (name, listener) => process.on(name, listener),
    // Only training has a step to finish and a checkpoint to write.
    say: (text) =>
      print(stderr, ['native', 'doctor', 'predict', 'evaluate'].includes(args[0] ?? '') ? 'Stopping.' : text),
    exit: (code) => process.exit(code),
    now: () => performance.now(),
  });
  const io: Io = {
    // Opened only where it is read.
    get stdin() {
      return process.stdin;
    },
    stdout,
    stderr,
    cwd: process.cwd(),
    env: process.env,
    signal,
    setLastWords,
  };
  const code = await runProgram(args, io);
  return code ?? exitCode() ?? 1;
}
