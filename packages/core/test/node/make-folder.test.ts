import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeFolder, writeFileAtomic } from '@polytask/core/node';
import { afterAll, beforeAll, expect, it } from 'vitest';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'polytask-make-folder-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it('makes a folder and those above it, also where many ask at once', async () => {
  const path = join(folder, 'a/b/c');
  await Promise.all([path, path, join(folder, 'a/b/d')].map(makeFolder));
  expect((await stat(path)).isDirectory()).toBe(true);
  await makeFolder(path);
});

it('says what stands in the way', async () => {
  await writeFile(join(folder, 'file'), '');
  await expect(makeFolder(join(folder, 'file'))).rejects.toMatchObject({ code: 'EEXIST' });
  await expect(makeFolder(join(folder, 'file/below/it'))).rejects.toMatchObject({ code: 'ENOTDIR' });
});

it.skipIf(process.platform !== 'linux')('ends where a file system takes no folders', async () => {
  await expect(makeFolder('/proc/polytask/below')).rejects.toMatchObject({ code: 'ENOENT' });
  await expect(writeFileAtomic('/proc/polytask/below/file', '')).rejects.toMatchObject({ code: 'ENOENT' });
});
