import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { runProgram } from '../../src/program.js';
import { fakeIo } from './fake-io.js';

/** A run file about a small table, `t.csv`, with a number and a yes or no to learn. */
export const tableRun = `data: { use: table, source: t.csv, cache: cache }
tasks:
  - { name: price, type: regression }
  - { name: big, type: binary }
sharing: { use: hard-sharing, encoder: { use: mlp, units: [4] } }
training: { epochs: 2, batchSize: 32 }
backend: cpu
`;

const rows = Array.from({ length: 80 }, (_, i) => `${i % 7},${(i * 3) % 11},${i + 0.5},${i % 2}`);

/** The table of {@link tableRun}. */
export const table = ['a,b,price,big', ...rows, ''].join('\n');

/** What the program did with a command line. */
export interface Ended {
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** The program in a folder. */
export async function polytask(cwd: string, ...args: readonly string[]): Promise<Ended> {
  const { io, stdout, stderr } = fakeIo(cwd);
  const code = await runProgram(args, io);
  return { code, stdout: stdout.text(), stderr: stderr.text() };
}

/** Trains {@link tableRun} once; every call of what comes back gives a folder of its own with `t.csv`, `run.yaml` and the run `r`. */
export async function finishedRun(): Promise<{ copy(): string; remove(): void }> {
  const original = mkdtempSync(join(tmpdir(), 'polytask-finished-'));
  writeFileSync(join(original, 't.csv'), table);
  writeFileSync(join(original, 'run.yaml'), tableRun);
  const { code, stderr } = await polytask(original, 'train', 'run.yaml', '-q', '-o', 'r');
  if (code !== 0) throw new Error(stderr);
  return {
    copy() {
      const folder = mkdtempSync(join(tmpdir(), 'polytask-copy-'));
      onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
      cpSync(original, folder, { recursive: true });
      return folder;
    },
    remove: () => rmSync(original, { recursive: true, force: true }),
  };
}
