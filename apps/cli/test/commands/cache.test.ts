import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { folderWith } from '../../../../test/support/folder.js';
import { runProgram } from '../../src/program.js';
import { fakeIo } from '../helpers/fake-io.js';

afterEach(() => vi.unstubAllEnvs());

/** By which we know our own folders. */
const mark = 'This folder was made by Polytask, which may remove it.\n';

/** A cache with a table of 1500 bytes, and one that this process uses. */
function withCache(): { cwd: string; cache: string } {
  const cwd = folderWith();
  const cache = join(cwd, 'cache');
  for (const name of [`table-${'a'.repeat(40)}`, `source-${'b'.repeat(40)}`]) {
    mkdirSync(join(cache, name), { recursive: true });
    writeFileSync(join(cache, name, '.polytask-cache'), mark);
    writeFileSync(join(cache, name, 'rows'), Buffer.alloc(1500 - mark.length));
  }
  writeFileSync(join(cache, `source-${'b'.repeat(40)}`, `.in-use-${process.pid}@${hostname()}`), '');
  return { cwd, cache };
}

it('shows what is kept, then removes what nobody uses', async () => {
  const { cwd, cache } = withCache();
  vi.stubEnv('POLYTASK_CACHE', cache);
  const io = fakeIo(cwd);
  expect(await runProgram(['cache'], io.io)).toBe(0);
  expect(io.stdout.text()).toContain(`${cache}: 2 folders, 3 kB (at most 20.0 GB`);
  expect(io.stdout.text()).toMatch(/table-a{40} +encoded rows +2 kB +\d{4}-\d\d-\d\d \d\d:\d\d/);
  expect(io.stdout.text()).toMatch(/source-b{40} .* in use/);
  const cleared = fakeIo(cwd);
  expect(await runProgram(['cache', '--clear'], cleared.io)).toBe(0);
  expect(cleared.stdout.text()).toMatch(/^Removed: 1 folder, 2 kB\n/);
  expect(readdirSync(cache)).toEqual([`source-${'b'.repeat(40)}`]);
});

it('shows what was left half made, and removes it, and nothing that has no mark', async () => {
  const { cwd, cache } = withCache();
  vi.stubEnv('POLYTASK_CACHE', cache);
  const [left, notOurs] = [`making-${'0'.repeat(16)}`, `making-${'1'.repeat(16)}`];
  for (const name of [left, notOurs, 'making-plans']) {
    mkdirSync(join(cache, name));
    writeFileSync(join(cache, name, 'rows'), Buffer.alloc(5000));
  }
  writeFileSync(join(cache, left, '.polytask-cache'), mark);
  const io = fakeIo(cwd);
  expect(await runProgram(['cache'], io.io)).toBe(0);
  expect(io.stdout.text()).toMatch(new RegExp(`${left} +half made +5 kB`));
  expect(io.stdout.text()).not.toContain(notOurs);
  const cleared = fakeIo(cwd);
  expect(await runProgram(['cache', '--clear'], cleared.io)).toBe(0);
  expect(cleared.stdout.text()).toMatch(/^Removed: 2 folders, 7 kB\n/);
  expect(readdirSync(cache).sort()).toEqual([notOurs, 'making-plans', `source-${'b'.repeat(40)}`]);
});

it('prints a document, of another folder', async () => {
  const { cwd, cache } = withCache();
  vi.stubEnv('POLYTASK_CACHE_LIMIT', 'none');
  const io = fakeIo(cwd);
  expect(await runProgram(['cache', '--folder', 'cache', '--json'], io.io)).toBe(0);
  const document = JSON.parse(io.stdout.text());
  expect(document).toMatchObject({ folder: cache, bytes: 3000, limit: null, removed: [] });
  expect(document.entries.map(({ kind }: { kind: string }) => kind).sort()).toEqual(['source', 'table']);
});

it('refuses what is no folder, and a limit that is none', async () => {
  const { cwd } = withCache();
  const none = fakeIo(cwd);
  expect(await runProgram(['cache', '--folder', 'none'], none.io)).toBe(2);
  expect(none.stderr.text()).toMatch(/none: there is no such folder/);
  vi.stubEnv('POLYTASK_CACHE_LIMIT', 'much');
  const limit = fakeIo(cwd);
  expect(await runProgram(['cache'], limit.io)).toBe(2);
  expect(limit.stderr.text()).toMatch(/a number of gigabytes from 0, or none/);
});
