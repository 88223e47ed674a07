import { spawnSync } from 'node:child_process';
import { constants } from 'node:fs';
import { mkdtemp, open, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openRegularFile, readRegularFile, readRegularText } from '@polytask/core/node';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'polytask-regular-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it('reads a file, through a link too', async () => {
  const path = join(folder, 'a.txt');
  await writeFile(path, '\u00e9t\u00e9');
  await symlink(path, join(folder, 'link.txt'));
  expect(await readRegularText(path)).toBe('été');
  expect(await readRegularFile(join(folder, 'link.txt'))).toHaveLength(5);
});

it('reads no more than it may', async () => {
  const path = join(folder, 'sparse');
  await writeFile(path, 'x');
  await truncate(path, 2 ** 33);
  const refused = {
    code: 'POLYTASK_FILE',
    message: `\`${path}\` must have at most 67108864 bytes, but has ${2 ** 33}.`,
  };
  await expect(readRegularFile(path)).rejects.toMatchObject(refused);
  await truncate(path, 11);
  await expect(readRegularFile(path, { most: 10 })).rejects.toMatchObject({ code: 'POLYTASK_FILE' });
  expect(await readRegularFile(path, { most: 11 })).toHaveLength(11);
});

it('says what the system says where there is no such file', async () => {
  await expect(readRegularFile(join(folder, 'missing'))).rejects.toMatchObject({ code: 'ENOENT' });
});

describe.skipIf(process.platform === 'win32')('without waiting', () => {
  it.each([
    ['a pipe', 'a pipe'],
    ['a link to a device without end', 'a device'],
    ['a folder', 'a folder'],
    ['a socket', 'a pipe or a socket'],
  ])('refuses %s', async (what, kind) => {
    const path = join(folder, what.replaceAll(' ', '-'));
    if (what === 'a pipe') spawnSync('mkfifo', [path]);
    if (what.startsWith('a link')) await symlink('/dev/zero', path);
    if (what === 'a socket') {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(path, resolve));
      onTestFinished(() => void server.close());
    }
    const found = what === 'a folder' ? folder : path;
    const message = `\`${found}\` must be a regular file, but is ${kind}.`;
    await expect(readRegularFile(found)).rejects.toMatchObject({ code: 'POLYTASK_FILE', message });
  });

  it('refuses a pipe that nobody reads, for writing', async () => {
    const path = join(folder, 'written');
    spawnSync('mkfifo', [path]);
    const flags = constants.O_WRONLY | constants.O_APPEND;
    await expect(openRegularFile(path, flags)).rejects.toMatchObject({ code: 'POLYTASK_FILE' });
    const reader = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    await expect(openRegularFile(path, flags)).rejects.toMatchObject({ code: 'POLYTASK_FILE' });
    await reader.close();
  });
});
