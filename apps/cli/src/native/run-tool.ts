import { spawn } from 'node:child_process';
import { NativeError } from './native-error.js';

/** A program to run to its end. */
export interface Tool {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Aborting kills the program and all that it has started. */
  readonly signal: AbortSignal;
  /** Milliseconds after which it is killed. Default: never. */
  readonly timeout?: number;
}

/** How a program ended. */
export interface ToolResult {
  /** Exit code; null where it was killed or could not be started. */
  readonly code: number | null;
  readonly stdout: string;
  /** The last lines that it wrote to either stream. */
  readonly tail: string;
  /** What killed it, or why it could not be started. */
  readonly problem?: string;
}

const keptCharacters = 100_000;
const shownLines = 30;

/** Runs a program without a terminal; never throws because of how it ended. */
export function runTool({ command, args, cwd, env, signal, timeout }: Tool): Promise<ToolResult> {
  const windows = process.platform === 'win32';
  return new Promise((resolve) => {
    if (signal.aborted) return resolve({ code: null, stdout: '', tail: '', problem: 'stopped' });
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      // A group of its own, so that what it starts (npm, make, a compiler) ends with it. npm is a batch file on Windows.
      detached: !windows,
      shell: windows,
    });
    let [stdout, all] = ['', ''];
    let problem: string | undefined;
    const kill = (why: string) => {
      problem ??= why;
      try {
        process.kill(windows ? (child.pid as number) : -(child.pid as number), 'SIGKILL');
      } catch {
        // It has ended by itself.
      }
    };
    const stop = () => kill('stopped');
    signal.addEventListener('abort', stop);
    const timer =
      timeout === undefined ? undefined : setTimeout(() => kill(`no end after ${timeout / 1000} s`), timeout);
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk;
      all = (all + chunk).slice(-keptCharacters);
    });
    child.stderr.on('data', (chunk: Buffer) => {
      all = (all + chunk).slice(-keptCharacters);
    });
    child.on('error', (error) => {
      problem ??= error.message;
    });
    child.on('close', (code, killedBy) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
      if (killedBy !== null) problem ??= `killed by ${killedBy}`;
      const tail = all.trimEnd().split('\n').slice(-shownLines).join('\n');
      resolve({ code, stdout, tail, ...(problem === undefined ? {} : { problem }) });
    });
  });
}

/** Ends the installation where a program failed, with what it said. */
export function requireSuccess({ code, problem, tail }: ToolResult, what: string, advice: string): void {
  if (code === 0) return;
  throw new NativeError(
    `${what}${problem === undefined ? '' : ` (${problem})`}:\n${tail.replaceAll(/^/gm, '  ')}\n${advice}`,
  );
}
