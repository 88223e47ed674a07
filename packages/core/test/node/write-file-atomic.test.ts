import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeFileAtomic } from '@polytask/core/node';
import { afterEach, beforeEach, expect, it } from 'vitest';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'polytask-atomic-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const text = (path: string) => readFile(path, 'utf8');

it('writes text and bytes, and makes the folder', async () => {
  await writeFileAtomic(join(folder, 'a/b/text'), 'größer');
  expect(await text(join(folder, 'a/b/text'))).toBe('größer');
  await writeFileAtomic(join(folder, 'bytes'), Uint8Array.of(0, 255));
  expect([...(await readFile(join(folder, 'bytes')))]).toEqual([0, 255]);
});

it('replaces what was there, shorter or longer, and leaves nothing else', async () => {
  const path = join(folder, 'file');
  for (const content of ['long content', 'short', '', 'again']) {
    await writeFileAtomic(path, content);
    expect(await text(path)).toBe(content);
  }
  expect(await readdir(folder)).toEqual(['file']);
});

it('cannot take the place of a folder, and cleans up', async () => {
  const path = join(folder, 'taken');
  await mkdir(join(path, 'inside'), { recursive: true });
  await expect(writeFileAtomic(path, 'x')).rejects.toMatchObject({
    code: expect.stringMatching(/EISDIR|ENOTEMPTY|EEXIST|EPERM/),
  });
  expect(await readdir(folder)).toEqual(['taken']);
  expect(await readdir(path)).toEqual(['inside']);
});

it('cannot write below a file, and leaves that file', async () => {
  const file = join(folder, 'file');
  await writeFile(file, 'old');
  await expect(writeFileAtomic(join(file, 'below'), 'x')).rejects.toMatchObject({
    code: expect.stringMatching(/ENOTDIR|EEXIST/),
  });
  expect(await text(file)).toBe('old');
  expect(await readdir(folder)).toEqual(['file']);
});

it('keeps the old file where nothing can be written to the new one', async () => {
  const path = join(folder, 'file');
  await writeFile(path, 'old');
  const unreadable = {} as Uint8Array;
  await expect(writeFileAtomic(path, unreadable)).rejects.toThrow();
  expect(await text(path)).toBe('old');
  expect(await readdir(folder)).toEqual(['file']);
});

it('keeps the old file where the disk is full half way', async () => {
  const path = join(folder, 'file');
  await writeFile(path, 'old');
  async function* content() {
    yield 'x'.repeat(100_000);
    // What has been written so far is there, under another name.
    expect((await readdir(folder)).filter((name) => name.endsWith('.tmp'))).toHaveLength(1);
    throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
  }
  await expect(writeFileAtomic(path, content() as never)).rejects.toMatchObject({ code: 'ENOSPC' });
  expect(await text(path)).toBe('old');
  expect(await readdir(folder)).toEqual(['file']);
});

it('has one whole content at every moment, however many write at once', async () => {
  const path = join(folder, 'file');
  const contents = Array.from({ length: 12 }, (_, i) => String.fromCharCode(97 + i).repeat(200_000));
  await writeFileAtomic(path, contents[0] as string);
  let writing = true;
  const write = async () => {
    await Promise.all(contents.map((content) => writeFileAtomic(path, content)));
    writing = false;
  };
  const read = async () => {
    while (writing) expect(contents).toContain(await text(path));
  };
  await Promise.all([write(), read()]);
  expect(contents).toContain(await text(path));
  expect(await readdir(folder)).toEqual(['file']);
});
