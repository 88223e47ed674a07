import { InputError, inFileOrder, RunError } from '@polytask/experiment/early';
import { authorLine } from './author-line.js';

/** How a command that failed ends: what is printed, what `--json` says, and the exit code. */
export interface Failure {
  readonly code: 1 | 2;
  /** For standard error. */
  readonly text: string;
  /** For standard output under `--json`. */
  readonly document: object;
}

/** Says what went wrong: mistakes with their places, our own errors without a stack, anything else with one. */
export function tellFailure(
  error: unknown,
  what: 'run' | 'export' | 'prediction' | 'evaluation' | 'report' | 'merge' | 'advice' = 'run',
): Failure {
  if (error instanceof InputError) return tellMistakes(error);
  if (error instanceof RunError) {
    const failure = tellFailure(error.cause);
    return { ...failure, text: `${failure.text}\n${error.advice}` };
  }
  const { message, code, stack, syscall } = error as NodeJS.ErrnoException;
  // DuckDB says it in words.
  if (code === 'ENOSPC' || /\bNo space left on device\b/.test(message))
    return failed(`The disk is full: ${message}. What had been written before is whole; free some space.`, 'ENOSPC');
  // Our own errors by their mark, so that this file needs no other copy of core; the system's by their call.
  const expected = typeof error === 'object' && error !== null && Symbol.for('polytask.error') in error;
  if (code === 'POLYTASK_NATIVE_INSTALL') return failed(`${message}\nNothing was installed.`, code);
  const place =
    code === 'POLYTASK_PART_FAILED' ? authorLine((error as Error).cause as Error, process.cwd()) : undefined;
  if (expected || syscall !== undefined)
    return failed(`The ${what} failed: ${message}${place === undefined ? '' : `\nIt came up at ${place}.`}`, code);
  const report =
    'This is a fault of Polytask, not yours. Please report it with the text above and the configuration file.';
  return failed(`${stack ?? String(error)}\n\n${report}`, code);
}

function tellMistakes({ mistakes }: InputError): Failure {
  const sorted = inFileOrder(mistakes);
  const lines = sorted.map(({ where, message }) => `${where}: ${message}`);
  const count = sorted.length === 1 ? 'One mistake' : `${sorted.length} mistakes`;
  return {
    code: 2,
    text: [...lines, `${count}; nothing was done.`].join('\n'),
    document: { status: 'invalid', mistakes: sorted },
  };
}

function failed(text: string, code: string | undefined): Failure {
  const error = { ...(code === undefined ? {} : { code }), message: text };
  return { code: 1, text, document: { status: 'failed', error } };
}
