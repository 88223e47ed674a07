import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** What can be looked at. */
export type ProbeName = 'compiled' | 'wasm' | 'cpu' | 'node' | 'duckdb';

/** What trying something gave. */
export interface ProbeResult {
  readonly works: boolean;
  /** Versions of what it consists of, as far as they are known. */
  readonly versions: Readonly<Record<string, string>>;
  /** Threads that one operation may use. */
  readonly threads?: number;
  /** Milliseconds from nothing to the end of the first small training. */
  readonly milliseconds?: number;
  /** Megabytes that the process took in the end. */
  readonly megabytes?: number;
  /** Where the package lies, if it does not come with Polytask. */
  readonly folder?: string;
  /** Why it does not work. */
  readonly reason?: string;
  /** Whether it just is not installed. */
  readonly missing?: boolean;
}

/** How to run a probe. */
export interface ProbeOptions {
  /** Where packages of the user's project are looked for. */
  readonly folder: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal;
}

const limit = 120_000;

/** Lies beside this file once everything is built. */
const program = fileURLToPath(new URL('./probe.js', import.meta.url));

/** Tries something in a process of its own: native code that crashes takes only that one with it. */
export function probe(name: ProbeName, { folder, env, signal }: ProbeOptions): Promise<ProbeResult> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [program, name, folder], {
      cwd: folder,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: limit,
      killSignal: 'SIGKILL',
      ...(signal === undefined ? {} : { signal }),
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk) => (stdout += chunk));
    child.stderr.on('data', (chunk) => (stderr += chunk));
    const failed = (reason: string) => resolve({ works: false, versions: {}, reason });
    child.on('error', (error) => failed(error.message));
    child.on('close', (code, killedBy) => {
      const answer = parse(stdout.trimEnd().split('\n').at(-1) ?? '');
      if (answer !== undefined && code === 0) return resolve(answer);
      const last = stderr.trimEnd().split('\n').at(-1) ?? '';
      if (killedBy === 'SIGKILL' && child.killed) return failed(`no answer within ${limit / 1000} s`);
      failed(
        `the process ${killedBy === null ? `ended with code ${code}` : `crashed (${killedBy})`}${last && `: ${last}`}`,
      );
    });
  });
}

function parse(line: string): ProbeResult | undefined {
  try {
    const answer = JSON.parse(line) as ProbeResult;
    return typeof answer.works === 'boolean' ? answer : undefined;
  } catch {
    return undefined;
  }
}
