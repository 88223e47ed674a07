// A cache may lie in any folder of a person's, and names can be chosen by anybody.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readlinkSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { cached } from '../../../src/node/cache/cache-folder.js';
import { markOurs } from '../../../src/node/cache/cache-mark.js';
import { cacheEntries, loadTable, pruneCache } from '../../../src/node/index.js';
import { folderWith } from '../../helpers/folder.js';

const hex = (length: number) => '0123456789abcdef'.repeat(3).slice(0, length);
const [making, removing] = [`making-${hex(16)}`, `removing-${hex(16)}`];
const finished = ['source', 'table', 'rows'].map((kind) => `${kind}-${hex(40)}`);

/** The number of a process that has ended. */
async function deadProcess(): Promise<number> {
  const child = spawn(process.execPath, ['-e', '']);
  await once(child, 'exit');
  return child.pid as number;
}

/** A folder of a person's, in which everything looks like ours and nothing is. */
async function lookAlikes() {
  const cache = folderWith();
  const folders = [
    ...[
      'making-notes',
      'removing-old-code',
      'making-',
      `making-${hex(15)}`,
      `making-${hex(17)}`,
      `making-${hex(16)}.d`,
    ],
    ...[`Making-${hex(16)}`, `making-${hex(15)}G`, `source-${hex(39)}`, `source-${hex(40)}x`, `rows-${hex(16)}`],
    // The very names, without the mark.
    ...[making, removing, ...finished],
  ];
  for (const name of folders) {
    mkdirSync(join(cache, name));
    writeFileSync(join(cache, name, 'main.c'), 'mine');
    writeFileSync(join(cache, name, `.in-use-${await deadProcess()}@${hostname()}`), 'mine');
  }
  // Marks that are not the mark.
  const mark = join(cache, `making-${'1'.repeat(16)}`);
  mkdirSync(join(mark, '.polytask-cache'), { recursive: true });
  const other = join(cache, `making-${'2'.repeat(16)}`);
  mkdirSync(other);
  writeFileSync(join(other, '.polytask-cache'), 'my notes about the cache of Polytask');
  // Files of such names, and links to what is ours elsewhere.
  for (const name of ['making-notes.md', `making-${'3'.repeat(16)}`, `source-${'3'.repeat(40)}`]) {
    writeFileSync(join(cache, name), 'mine');
  }
  const elsewhere = folderWith();
  await markOurs(elsewhere);
  writeFileSync(join(elsewhere, 'main.c'), 'mine');
  for (const name of [`making-${'4'.repeat(16)}`, `table-${'4'.repeat(40)}`]) symlinkSync(elsewhere, join(cache, name));
  for (const name of readdirSync(cache)) utimesSync(join(cache, name), 0, 0);
  const all = () => [...readdirSync(cache, { recursive: true }), ...readdirSync(elsewhere)].map(String).sort();
  return { cache, elsewhere, all };
}

it('finds all again that only looks like ours', async () => {
  const { cache, elsewhere, all } = await lookAlikes();
  const before = all();
  expect(await cacheEntries(cache)).toEqual([]);
  expect(await pruneCache({ cache, limit: 0 })).toEqual([]);
  await cached(cache, `table-${'5'.repeat(40)}`, async () => {});
  const source = join(folderWith({ 'rows.csv': 'x,y\n1,2\n2,3\n' }), 'rows.csv');
  await loadTable({ source, labels: [{ column: 'y', kind: 'number' }], cache });
  expect(await pruneCache({ cache, limit: 0 })).toHaveLength(0);
  const ours = (await cacheEntries(cache)).map(({ name }) => name);
  expect(ours).toHaveLength(3);
  expect(all().filter((path) => !ours.some((name) => path.startsWith(name)))).toEqual(before);
  expect(readlinkSync(join(cache, `making-${'4'.repeat(16)}`))).toBe(elsewhere);
});

it('lists and removes what a process left that was killed, and not what one is at', async () => {
  const cache = folderWith();
  const left = async (name: string, owner: number) => {
    mkdirSync(join(cache, name));
    await markOurs(join(cache, name));
    writeFileSync(join(cache, name, 'rows.parquet'), Buffer.alloc(1000));
    writeFileSync(join(cache, name, `.in-use-${owner}@${hostname()}`), '');
  };
  await left(making, await deadProcess());
  await left(removing, await deadProcess());
  await left(`making-${'a'.repeat(16)}`, process.pid);
  const entries = await cacheEntries(cache);
  expect(entries.map(({ kind, inUse, bytes }) => [kind, inUse, bytes > 999]).sort()).toEqual([
    ['unfinished', false, true],
    ['unfinished', false, true],
    ['unfinished', true, true],
  ]);
  expect((await pruneCache({ cache, limit: 0 })).map(({ name }) => name).sort()).toEqual([making, removing]);
  await left(making, await deadProcess());
  // And when something is made the next time.
  await cached(cache, `rows-${hex(40)}`, async () => {});
  expect(readdirSync(cache).sort()).toEqual([`making-${'a'.repeat(16)}`, `rows-${hex(40)}`]);
});

it('writes its marks through no link', async () => {
  const { cache } = await lookAlikes();
  const name = `source-${'6'.repeat(40)}`;
  mkdirSync(join(cache, name));
  const victim = join(folderWith({ 'victim.txt': 'mine' }), 'victim.txt');
  const fresh = join(folderWith(), 'new.txt');
  symlinkSync(fresh, join(cache, name, `.in-use-${process.pid}@${hostname()}`));
  await cached(cache, name, () => Promise.reject(new Error('not needed')));
  expect([existsSync(victim), existsSync(fresh)]).toEqual([true, false]);
});
