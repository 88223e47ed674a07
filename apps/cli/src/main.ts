#!/usr/bin/env node
import { setImmediate as nextTurn } from 'node:timers/promises';
import { importCode } from '@polytask/experiment/early';
import { projectProgram } from './code/hand-over.js';
import { type Io, print } from './io.js';
import { outliveErrors } from './output-errors.js';
import { runProgram } from './program.js';
import { watchSignals } from './signals.js';

const { stdout, stderr } = process;
const args = process.argv.slice(2);
const other = projectProgram(args, process.cwd(), import.meta.url);
if (other === undefined) process.exitCode = await runHere();
else await importCode(other);

async function runHere(): Promise<number> {
  // Nobody needs to read what is said on the way; a result that cannot be written is a failure.
  outliveErrors(stderr);
  const result = outliveErrors(stdout);
  const { signal, exitCode, setLastWords } = watchSignals({
    on: (name, listener) => process.on(name, listener),
    // Only training has a step to finish and a checkpoint to write.
    say: (text) =>
      print(
        stderr,
        ['native', 'doctor', 'predict', 'evaluate', 'report', 'merge'].includes(args[0] ?? '') ? 'Stopping.' : text,
      ),
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
  const code = (await runProgram(args, io)) ?? exitCode() ?? 1;
  // Streams tell what went wrong in the next turn.
  await nextTurn();
  // A reader such as `head` may leave before all is written; that is its right.
  if (result.error === undefined || result.error.code === 'EPIPE' || code !== 0) return code;
  print(stderr, `The result could not be written to standard output: ${result.error.message}`);
  return 1;
}
