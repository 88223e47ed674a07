import { mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
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

it('removes what a process left that died a day ago', async () => {
  const cache = folderWith();
  for (const name of ['making-old', 'making-new']) {
    mkdirSync(join(cache, name));
    writeFileSync(join(cache, name, 'half'), '');
  }
  utimesSync(join(cache, 'making-old'), 0, 0);
  await cached(cache, 'key', async () => {});
  expect(readdirSync(cache).sort()).toEqual(['key', 'making-new']);
});
