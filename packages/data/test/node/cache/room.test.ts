import { statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PolytaskError } from '@polytask/core';
import { afterEach, expect, it, vi } from 'vitest';
import { requireRoom, roomIn, watchRoom } from '../../../src/node/cache/room.js';
import { loadTable } from '../../../src/node/index.js';
import { folderWith } from '../../helpers/folder.js';

afterEach(() => vi.unstubAllEnvs());

it('has room up to the limit of the cache, or what the disk has', async () => {
  const folder = folderWith();
  vi.stubEnv('POLYTASK_CACHE_LIMIT', '2');
  const { bavail, bsize } = statfsSync(folder);
  expect(await roomIn(folder)).toBeLessThanOrEqual(Math.min(2e9, bavail * bsize));
  // A table of usual size is converted under any limit; it is not kept for long.
  vi.stubEnv('POLYTASK_CACHE_LIMIT', '0');
  await requireRoom(folder, 1e6, 'x', '');
  await expect(requireRoom(folder, 1e18, '9 rows', 'Take fewer.')).rejects.toMatchObject({
    code: 'POLYTASK_NO_ROOM',
    message: expect.stringMatching(
      /9 rows take 1000000000\.0 GB, and POLYTASK_CACHE_LIMIT allows 1\.0 GB.*Take fewer\./,
    ),
  });
  vi.stubEnv('POLYTASK_CACHE_LIMIT', 'none');
  await expect(requireRoom(folder, 1e18, 'x', '')).rejects.toThrow(/the disk has room for .* GB/);
});

it('refuses a table of too many one-hot categories before it writes any row', async () => {
  // 20,000 rows of as many categories are 1.6 GB of ones and zeros, of a file of 200 kB.
  const rows = Array.from({ length: 20_000 }, (_, row) => `k${row},${row % 2}`);
  const folder = folderWith({ 'rows.csv': `k,y\n${rows.join('\n')}\n` });
  vi.stubEnv('POLYTASK_CACHE_LIMIT', '1');
  const options = {
    source: join(folder, 'rows.csv'),
    labels: [{ column: 'y', kind: 'number' }],
    features: { k: { type: 'category', encoding: 'one-hot', minCount: 1, maxCategories: 100_000 } },
    cache: join(folder, 'cache'),
  } as const;
  await expect(loadTable(options)).rejects.toThrow(
    /20000 rows of 20003 numbers take 1\.6 GB.*Column `k` alone takes 20001.*Embed categories/,
  );
});

it('stops what grows beyond its limit', async () => {
  const folder = folderWith({ small: 'x', 'temporary/rows': 'x'.repeat(1000) });
  const stopped = new Promise<PolytaskError>((resolve) => {
    watchRoom(folder, 'its rows', resolve, 2000);
  });
  writeFileSync(join(folder, 'rows.parquet'), 'x'.repeat(1000));
  expect((await stopped).code).toBe('POLYTASK_NO_ROOM');
});
