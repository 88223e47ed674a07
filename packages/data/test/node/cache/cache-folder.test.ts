import { readdirSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { cached } from '../../../src/node/cache/cache-folder.js';
import { folderWith } from '../../helpers/folder.js';

it('fills a folder once, and leaves nothing where that fails', async () => {
  const cache = join(folderWith(), 'cache');
  let times = 0;
  const fill = async (folder: string) => {
    times += 1;
    await writeFile(join(folder, 'file'), 'contents');
  };
  expect(await cached(cache, 'key', fill)).toBe(join(cache, 'key'));
  await cached(cache, 'key', fill);
  expect(times).toBe(1);
  await expect(cached(cache, 'other', () => Promise.reject(new Error('disk full')))).rejects.toThrow('disk full');
  expect(readdirSync(cache)).toEqual(['key']);
});

it('lets two fill at the same time: one folder, whole', async () => {
  const cache = join(folderWith(), 'cache');
  const fill = (folder: string) => writeFile(join(folder, 'file'), 'contents');
  await Promise.all([1, 2, 3].map(() => cached(cache, 'key', fill)));
  expect(readdirSync(cache)).toEqual(['key']);
});

it('says so where somebody removes what is being made', async () => {
  const cache = join(folderWith(), 'cache');
  const fill = async (folder: string) => {
    await rm(cache, { recursive: true });
    await writeFile(join(folder, 'file'), 'contents');
  };
  await expect(cached(cache, 'key', fill)).rejects.toMatchObject({
    code: 'POLYTASK_CACHE_REMOVED',
    message: expect.stringContaining(cache),
  });
});
