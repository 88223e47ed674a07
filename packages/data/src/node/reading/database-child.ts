import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { PolytaskError } from '@polytask/core';
import type { openEngine } from './engine.js';
import { noDuckDb } from './no-duckdb.js';
import { TableError } from './table-error.js';

/** What a process with a database in it may take. */
export interface ProcessLimits {
  /** Megabytes of memory, of everything in it. */
  readonly megabytes: number;
  /** Seconds from when it is open; no limit where it is left out. */
  readonly seconds?: number | undefined;
  /** Where it is taken from, and given back to; it ends with the database where this is left out. */
  readonly lender?: ProcessLender | undefined;
}

/** Keeps a process between databases that are opened one after the other: to start one, and to load DuckDB, takes longer than small tables. */
export interface ProcessLender {
  take(): ChildProcess | undefined;
  giveBack(child: ChildProcess): void;
  /** Ends the process that is not lent. */
  close(): void;
}

/** Somebody has to close it. */
export function processLender(): ProcessLender {
  let idle: ChildProcess | undefined;
  return {
    take() {
      const taken = idle?.connected ? idle : undefined;
      idle = undefined;
      return taken;
    },
    giveBack(child) {
      idle?.kill('SIGKILL');
      idle = child;
    },
    close() {
      idle?.kill('SIGKILL');
      idle = undefined;
    },
  };
}

/** What does the work: in this process, or in another one. */
export type Engine = Pick<Awaited<ReturnType<typeof openEngine>>, keyof Awaited<ReturnType<typeof openEngine>>>;

/** A limit that was reached, a crash: what was asked for did not come to an end, and the process is gone. */
class DatabaseEnd extends Error {
  override readonly name = 'DatabaseEnd';
}

/** The same error, or for the user where it is the end of a database. */
export function endAsTableError(error: unknown, place: readonly string[]): unknown {
  if (!(error instanceof DatabaseEnd)) return error;
  return new TableError(place, `the rows cannot be read: ${error.message}`, { cause: error });
}

/** Lies beside this file, and beside the bundle of it. */
const program = () => fileURLToPath(new URL('./database-process.js', import.meta.url));

/** Opens a database in a process of its own, which ends with `close`, with this process, or at a limit. */
export async function openDatabaseChild(
  start: { readonly settings: Record<string, string>; readonly statements: readonly string[] },
  { megabytes, seconds, lender }: ProcessLimits,
  signal: AbortSignal | undefined,
): Promise<Engine> {
  const child = lender?.take() ?? startProcess();
  const waiting = new Map<number, { resolve(value: never): void; reject(error: unknown): void }>();
  let end: unknown;
  const fail = (error: unknown) => {
    end ??= error;
    for (const { reject } of waiting.values()) reject(end);
    waiting.clear();
    letGo(child, waiting.size);
    child.kill('SIGKILL');
  };
  let timer: NodeJS.Timeout | undefined;
  const startClock = (most: number) => {
    timer = setTimeout(
      () => fail(new DatabaseEnd(`it took longer than ${most} s, as \`sqlTimeout\` says`)),
      most * 1000,
    );
    timer.unref();
  };
  const onAbort = () => fail(signal?.reason);
  signal?.addEventListener('abort', onAbort, { once: true });
  const onMessage = (message: { id: number; value?: never; error?: string; missing?: true; over?: string }) => {
    if (message.over !== undefined) {
      fail(
        new DatabaseEnd(
          `it needs more than ${megabytes / 1000} GB of memory. Make fewer or shorter values, or allow more by POLYTASK_SQL_MEMORY`,
        ),
      );
      return;
    }
    const waits = waiting.get(message.id);
    waiting.delete(message.id);
    letGo(child, waiting.size);
    if (message.error === undefined) waits?.resolve(message.value as never);
    else waits?.reject(message.missing ? noDuckDb(message.error) : new Error(message.error));
  };
  const onError = (error: Error) =>
    fail(
      new PolytaskError(
        'POLYTASK_NO_DUCKDB',
        `Tables need a process of their own, which could not be started: ${error.message}.`,
      ),
    );
  const onExit = (code: number | null, name: string | null) =>
    fail(new DatabaseEnd(`the database crashed over it (${name ?? `exit code ${code}`})`));
  child.on('message', onMessage).on('error', onError).on('exit', onExit);

  let asked = 0;
  const ask = <Answer>(what: string, given: unknown): Promise<Answer> =>
    new Promise((resolve, reject) => {
      if (end !== undefined) {
        reject(end);
        return;
      }
      asked += 1;
      waiting.set(asked, { resolve, reject });
      letGo(child, waiting.size);
      child.send({ id: asked, ask: what, with: given }, (error) => error && fail(error));
    });
  const engine: Engine = {
    run: (sql) => ask('run', sql),
    rows: (sql) => ask('rows', sql),
    statementsOf: (sql) => ask('statementsOf', sql),
    async stream(sql) {
      const stream = await ask<number>('stream', sql);
      // One chunk ahead.
      let following = ask<never>('next', stream);
      following.catch(() => {});
      return {
        async next() {
          const chunk = await following;
          if (chunk === undefined) return undefined;
          following = ask('next', stream);
          following.catch(() => {});
          return chunk;
        },
      };
    },
    interrupt: () => fail(new DatabaseEnd('it was interrupted')),
    close() {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      const closed = new DatabaseEnd('it is closed');
      if (lender === undefined || end !== undefined || waiting.size > 0) {
        fail(closed);
        return;
      }
      end = closed;
      child.off('message', onMessage).off('exit', onExit);
      lender.giveBack(child);
    },
  };
  try {
    await ask('open', { megabytes, start });
    if (seconds !== undefined) startClock(seconds);
    return engine;
  } catch (error) {
    engine.close();
    throw error;
  }
}

function startProcess(): ChildProcess {
  const { NODE_OPTIONS: _, ...env } = process.env;
  return fork(program(), [], {
    serialization: 'advanced',
    execArgv: [],
    env,
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
}

/** Keeps this process alive for the child only while an answer is awaited. */
function letGo(child: ChildProcess, waiting: number): void {
  const channel = child.channel as { ref(): void; unref(): void } | null | undefined;
  if (waiting > 0) {
    child.ref();
    channel?.ref();
  } else {
    child.unref();
    channel?.unref();
  }
}
