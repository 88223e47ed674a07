import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { InvalidOptionError } from '@polytask/core';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { markOurs } from '../../../src/node/cache/cache-mark.js';
import { cacheEntries, cacheLimit, loadTable, pruneCache } from '../../../src/node/index.js';
import { folderWith } from '../../helpers/folder.js';

afterEach(() => vi.unstubAllEnvs());

const nameOf = (kind: string, digit: number) => `${kind}-${String(digit).repeat(40)}`;

/** A cache of folders with 100 bytes each; number n was used n hours ago. */
async function cacheOf(...kinds: string[]): Promise<string> {
  const cache = folderWith();
  for (const [n, kind] of kinds.entries()) {
    const folder = join(cache, nameOf(kind, n));
    mkdirSync(folder);
    await markOurs(folder);
    writeFileSync(join(folder, 'rows'), Buffer.alloc(100 - statSync(join(folder, '.polytask-cache')).size));
    const time = new Date(Date.now() - n * 3_600_000);
    utimesSync(folder, time, time);
  }
  return cache;
}

/** Marks a folder as another process of this machine does. */
const mark = (cache: string, name: string, pid: number, host = hostname()) => {
  writeFileSync(join(cache, name, `.in-use-${pid}@${host}`), '');
  const time = new Date(Date.now() - 9 * 3_600_000);
  utimesSync(join(cache, name), time, time);
};

/** The number of a process that has ended. */
async function deadProcess(): Promise<number> {
  const child = spawn(process.execPath, ['-e', '']);
  await once(child, 'exit');
  return child.pid as number;
}

describe('pruneCache', () => {
  it('removes what was not used for longest, until the rest is within the limit', async () => {
    const cache = await cacheOf('source', 'table', 'rows', 'table');
    writeFileSync(join(cache, 'other.txt'), 'not ours');
    expect((await cacheEntries(cache)).map(({ name, bytes, inUse }) => [name, bytes, inUse])).toEqual(
      ['source', 'table', 'rows', 'table'].map((kind, n) => [nameOf(kind, n), 100, false]),
    );
    expect(await pruneCache({ cache, limit: 400 })).toEqual([]);
    const removed = await pruneCache({ cache, limit: 250 });
    expect(removed.map(({ name }) => name)).toEqual([nameOf('table', 3), nameOf('rows', 2)]);
    expect(readdirSync(cache).sort()).toEqual(['other.txt', nameOf('source', 0), nameOf('table', 1)]);
    // What was used just now stays even so.
    expect((await pruneCache({ cache, limit: 1 })).map(({ name }) => name)).toEqual([nameOf('table', 1)]);
    expect((await pruneCache({ cache, limit: 0 })).map(({ name }) => name)).toEqual([nameOf('source', 0)]);
    expect(readdirSync(cache)).toEqual(['other.txt']);
  });

  it('leaves what a living process uses, and not what a dead one did', async () => {
    const cache = await cacheOf('source', 'table', 'rows', 'table');
    mark(cache, nameOf('table', 3), process.pid);
    mark(cache, nameOf('rows', 2), await deadProcess());
    mark(cache, nameOf('table', 1), 1, 'another-machine');
    expect(
      (await cacheEntries(cache))
        .filter(({ inUse }) => inUse)
        .map(({ name }) => name)
        .sort(),
    ).toEqual([nameOf('table', 1), nameOf('table', 3)]);
    // Looking is not using, also where a mark of the dead is taken away.
    const hoursAgo = (await cacheEntries(cache)).map(({ lastUsed }) => Math.round((Date.now() - lastUsed) / 3_600_000));
    expect(hoursAgo).toEqual([0, 9, 9, 9]);
    await pruneCache({ cache, limit: 0 });
    expect(readdirSync(cache).sort()).toEqual([nameOf('table', 1), nameOf('table', 3)]);
  });

  it('is done when a table has been added, and spares that table', async () => {
    const cache = await cacheOf('source', 'table', 'rows');
    vi.stubEnv('POLYTASK_CACHE_LIMIT', '0.000000001');
    const folder = folderWith({ 'rows.csv': 'x,y\n1,2\n2,3\n' });
    const labels = [{ column: 'y', kind: 'number' }] as const;
    const { train } = await loadTable({ source: join(folder, 'rows.csv'), labels, memory: 0, cache });
    expect(existsSync(join(cache, nameOf('rows', 2)))).toBe(false);
    expect((await cacheEntries(cache)).filter(({ inUse }) => inUse)).toHaveLength(2);
    expect(await pruneCache({ cache, limit: 0 })).toHaveLength(1);
    expect((await train.open({ batchSize: 2 }).next())?.size).toBe(2);
  });

  it('takes its limit from the environment', () => {
    expect(cacheLimit()).toBe(20e9);
    vi.stubEnv('POLYTASK_CACHE_LIMIT', '1.5');
    expect(cacheLimit()).toBe(1.5e9);
    vi.stubEnv('POLYTASK_CACHE_LIMIT', 'none');
    expect(cacheLimit()).toBe(Number.POSITIVE_INFINITY);
    vi.stubEnv('POLYTASK_CACHE_LIMIT', 'lots');
    expect(cacheLimit).toThrow(InvalidOptionError);
  });

  it('finds nothing where there is no cache', async () => {
    expect(await cacheEntries(join(folderWith(), 'none'))).toEqual([]);
    await expect(pruneCache({ limit: -1 })).rejects.toThrow(/number of bytes/);
  });
});
