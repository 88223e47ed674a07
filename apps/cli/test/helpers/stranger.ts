import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { State } from '@polytask/core';
import { loadCheckpoint, saveCheckpoint } from '@polytask/core/node';
import { expect } from 'vitest';
import { folderWith } from '../../../../test/support/folder.js';
import { runProgram } from '../../src/program.js';
import { fakeIo } from './fake-io.js';

/** A small table run: a regression and a binary task. */
export const tableRun = `data: { use: table, source: t.csv }
tasks:
  - { name: price, type: regression }
  - { name: big, type: binary }
sharing: { use: hard-sharing, encoder: { use: mlp, units: [4] } }
training: { epochs: 3, batchSize: 32 }
backend: cpu
`;

export const table = [
  'x,y,price,big',
  ...Array.from({ length: 60 }, (_, i) => `${i},${(i * 7) % 11},${i * 2},${i % 2}`),
  '',
].join('\n');

/** Files that say that they ran. */
export const evilModule = 'globalThis.ran = [...(globalThis.ran ?? []), import.meta.url]; export const x = () => {};';
export const evilScript = 'globalThis.ran = [...(globalThis.ran ?? []), __filename]; exports.x = () => {};';

/** What has run, and forgets it. */
export function whatRan(): readonly string[] {
  const holder = globalThis as { ran?: string[] };
  const ran = holder.ran ?? [];
  delete holder.ran;
  return ran;
}

/** A folder with a table, and a finished run in `run-1`. */
export async function trained(text = tableRun, files: { readonly [path: string]: string } = {}, cwd = folderWith()) {
  add(cwd, { 'run.yaml': text, 't.csv': table, ...files });
  const { code, stderr } = await polytask(cwd, ['train', 'run.yaml', '-q', '-o', 'run-1']);
  expect(code, stderr).toBe(0);
  return cwd;
}

/** A folder for all tests of a file, as `trained` makes it, and what removes it. */
export async function trainedOnce(): Promise<{ cwd: string; remove: () => void }> {
  const cwd = mkdtempSync(join(tmpdir(), 'polytask-cli-'));
  await trained(tableRun, {}, cwd);
  return { cwd, remove: () => rmSync(cwd, { recursive: true, force: true }) };
}

/** A command in a folder; with `columns` on a terminal. */
export async function polytask(cwd: string, args: readonly string[], columns?: number) {
  const { io, stdout, stderr } = fakeIo(cwd, undefined, columns);
  const code = await runProgram(args, io);
  return { code, stdout: stdout.text(), stderr: stderr.text() };
}

export function add(folder: string, files: { readonly [path: string]: string }): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}

type Changeable = Record<string, unknown> & { config: Record<string, unknown>; given: Record<string, unknown> };

/** Changes `run.json` as anybody could. */
export function forgeDocument(run: string, change: (document: Changeable) => void): void {
  const file = join(run, 'run.json');
  const document = JSON.parse(readFileSync(file, 'utf8'));
  change(document);
  writeFileSync(file, JSON.stringify(document));
}

/** Changes what a model says of itself, with the right checksum. */
export async function forgeModel(run: string, change: (state: Changeable) => void): Promise<void> {
  const file = join(run, 'model.safetensors');
  const { state, tensors } = await loadCheckpoint(file);
  change(state as Changeable);
  await saveCheckpoint(file, { state: state as State, tensors });
}
