import { type ChildProcess, spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import type { Contender } from '../measure.js';

/** What `peers/serve.py` is asked to open. */
export type PeerWork = Readonly<Record<string, unknown>>;

/** A Python process that runs PyTorch steps when asked. */
export interface PyTorch {
  readonly version: string;
  /** The fastest of these ways to write the same step, as a contender: each has run a few steps, the best median is kept. */
  fastest(works: readonly PeerWork[], steps: number): Promise<Contender>;
  resident(): Promise<number>;
  stop(): void;
}

/** Starts the process, or says why there is none. `BENCH_PYTHON` names the interpreter; `python3` unless told. */
export async function startPyTorch(threads: number): Promise<PyTorch | { readonly missing: string }> {
  const python = process.env.BENCH_PYTHON ?? 'python3';
  const child = spawn(python, [resolve('peers/serve.py'), `${threads}`], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint += text;
  });
  const lines = lineReader(child);
  const hello = await lines.next();
  if (hello === undefined) {
    const reason = complaint.trim().split('\n').at(-1) ?? 'it ended';
    return { missing: `\`${python}\`: ${reason}. See bench/peers/README.md.` };
  }
  const ask = async (request: PeerWork): Promise<Record<string, unknown>> => {
    child.stdin.write(`${JSON.stringify(request)}\n`);
    const line = await lines.next();
    const answer = JSON.parse(line ?? '{"error": "the process ended"}') as Record<string, unknown>;
    if (answer.error !== undefined) throw new Error(`PyTorch: ${answer.error} ${complaint}`);
    return answer;
  };
  const stepsOf = async (id: unknown, count: number) =>
    (await ask({ step: id, count })).milliseconds as readonly number[];
  return {
    version: (JSON.parse(hello) as { torch: string }).torch,
    async fastest(works, steps) {
      let best: { id: unknown; label: string; median: number } | undefined;
      for (const work of works) {
        const { id } = await ask({ open: work });
        await stepsOf(id, Math.ceil(steps / 3));
        const sorted = [...(await stepsOf(id, steps))].sort((a, b) => a - b);
        const median = sorted[steps >> 1] as number;
        const label = [work.optimizer, work.projection].filter((part) => part !== undefined).join(', ');
        if (best === undefined || median < best.median) best = { id, label, median };
      }
      const { id, label } = best as NonNullable<typeof best>;
      return {
        name: label === '' ? 'PyTorch' : `PyTorch (${label})`,
        step: async () => void (await stepsOf(id, 1)),
        steps: (count) => stepsOf(id, count),
      };
    },
    resident: async () => (await ask({ memory: true })).resident as number,
    stop: () => void child.stdin.end(),
  };
}

/** Lines of a process as they come; undefined once it has ended. */
function lineReader(child: ChildProcess): { next(): Promise<string | undefined> } {
  const reader: Interface = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  const iterator = reader[Symbol.asyncIterator]();
  let failed = false;
  child.on('error', () => {
    failed = true;
    reader.close();
  });
  return {
    async next() {
      if (failed) return undefined;
      const { value, done } = await iterator.next();
      return done ? undefined : value;
    },
  };
}
