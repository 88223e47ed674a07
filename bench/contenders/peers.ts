import { type ChildProcess, spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import type { Contender } from '../measure.js';

/** What `peers/serve.py` is asked to open. */
export type PeerWork = Readonly<Record<string, unknown>>;

/** A way to write the same step, and what the table calls it. */
export interface PeerVariant {
  readonly label: string;
  readonly work: PeerWork;
}

/** A framework whose steps `peers/serve.py` runs. */
export type Framework = 'torch' | 'jax';

/** A step in a peer, as a contender. */
export interface PeerStep extends Contender {
  /** Trainable numbers of its network. */
  readonly parameters: number;
}

/** A Python process that runs a framework's steps when asked. */
export interface PeerProcess {
  readonly version: string;
  /**
   * The fastest of these ways to write the same step, as a contender: each has run a few steps, the best median is kept. Ways that
   * do not run are left out, with a line that says why; undefined where none does.
   */
  fastest(name: string, variants: readonly PeerVariant[], steps: number): Promise<PeerStep | undefined>;
  resident(): Promise<number>;
  stop(): void;
}

/** Starts the process, or says why there is none. `BENCH_PYTHON` names the interpreter; `python3` unless told. */
export async function startPeer(
  framework: Framework,
  threads: number,
): Promise<PeerProcess | { readonly missing: string }> {
  const python = process.env.BENCH_PYTHON ?? 'python3';
  const child = spawn(python, [resolve('peers/serve.py'), framework, `${threads}`], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-4000);
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
    if (answer.error !== undefined) throw new Error(`${answer.error}`);
    return answer;
  };
  const stepsOf = async (id: unknown, count: number) =>
    (await ask({ step: id, count })).milliseconds as readonly number[];

  async function tried({ work }: PeerVariant, steps: number): Promise<Tried> {
    const { id, parameters } = await ask({ open: work });
    await stepsOf(id, Math.ceil(steps / 3));
    const sorted = [...(await stepsOf(id, steps))].sort((a, b) => a - b);
    return { id, parameters: parameters as number, median: sorted[steps >> 1] as number };
  }

  return {
    version: (JSON.parse(hello) as { version: string }).version,
    async fastest(name, variants, steps) {
      let best: (Tried & { readonly label: string }) | undefined;
      for (const variant of variants) {
        try {
          const found = await tried(variant, steps);
          const isBest = best === undefined || found.median < best.median;
          const loser = isBest ? best?.id : found.id;
          if (isBest) best = { ...found, label: variant.label };
          if (loser !== undefined) await ask({ close: loser });
        } catch (error) {
          console.log(`Left out: ${name} (${variant.label}), ${(error as Error).message.split('\n')[0]}\n`);
        }
      }
      if (best === undefined) return undefined;
      const { id, label, parameters } = best;
      return {
        parameters,
        name: label === '' ? name : `${name} (${label})`,
        step: async () => void (await stepsOf(id, 1)),
        steps: (count) => stepsOf(id, count),
      };
    },
    resident: async () => (await ask({ memory: true })).resident as number,
    stop: () => void child.stdin.end(),
  };
}

/** A way that has run a few steps. */
interface Tried {
  readonly id: unknown;
  readonly parameters: number;
  readonly median: number;
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
