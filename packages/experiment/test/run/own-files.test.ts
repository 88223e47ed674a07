import { execFileSync } from 'node:child_process';
import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { folderWith } from '../../../../test/support/folder.js';
import { linksIn, ownFiles } from '../../src/run/own-files.js';

/** A run folder beside a home that it must not touch. */
function folders(files: { readonly [path: string]: string } = {}): { run: string; home: string } {
  const root = folderWith({ 'home/mine/notes.txt': 'mine', 'run/..x/y.txt': 'y', 'run/a.txt': 'a', ...files });
  return { run: join(root, 'run'), home: join(root, 'home') };
}

const isLink = { code: 'POLYTASK_RUN_LINK' };

describe('ownFiles', () => {
  it('writes, adds, reads, moves and removes', async () => {
    const { run } = folders();
    const own = ownFiles(run);
    await own.write('b/c/d.txt', 'one');
    await own.append('b/c/d.txt', ' two');
    await own.append('new.txt', 'x');
    expect([await own.read('b/c/d.txt'), await own.read('gone.txt')]).toEqual(['one two', '']);
    expect(await own.entries('b')).toEqual([{ name: 'c', isFolder: true }]);
    expect(await own.entries('gone')).toEqual([]);
    await own.move('b/c/d.txt', 'e.txt');
    await own.remove('b');
    await own.remove('gone');
    expect(await own.read('..x/y.txt')).toBe('y');
    expect(readdirSync(run).sort()).toEqual(['..x', 'a.txt', 'e.txt', 'new.txt']);
  });

  it('goes through no link, wherever it is and whether it leads to something or nowhere', async () => {
    const { run, home } = folders();
    const own = ownFiles(run);
    symlinkSync('../home/mine', join(run, 'out'));
    symlinkSync('..x', join(run, 'in'));
    symlinkSync('../home/new.txt', join(run, 'dangling'));
    symlinkSync(join(home, 'mine/notes.txt'), join(run, 'absolute'));
    for (const folder of ['out', 'in']) {
      await expect(own.write(`${folder}/f.txt`, 'x')).rejects.toMatchObject(isLink);
      await expect(own.append(`${folder}/f.txt`, 'x')).rejects.toMatchObject(isLink);
      await expect(own.read(`${folder}/notes.txt`)).rejects.toMatchObject(isLink);
      await expect(own.entries(folder)).rejects.toMatchObject(isLink);
      await expect(own.remove(`${folder}/notes.txt`)).rejects.toMatchObject(isLink);
      await expect(own.remove(folder)).rejects.toMatchObject(isLink);
      await expect(own.move('a.txt', `${folder}/a.txt`)).rejects.toMatchObject(isLink);
    }
    for (const file of ['dangling', 'absolute']) {
      await expect(own.write(file, 'x')).rejects.toMatchObject(isLink);
      await expect(own.append(file, 'x')).rejects.toMatchObject(isLink);
      await expect(own.read(file)).rejects.toMatchObject(isLink);
    }
    expect([readdirSync(home), readFileSync(join(home, 'mine/notes.txt'), 'utf8')]).toEqual([['mine'], 'mine']);
    expect(readdirSync(join(home, 'mine'))).toEqual(['notes.txt']);
  });

  it('adds to no file that has another name, waits for no pipe, and leaves the folder by no name', async () => {
    const { run, home } = folders();
    const own = ownFiles(run);
    linkSync(join(home, 'mine/notes.txt'), join(run, 'hard'));
    await expect(own.append('hard', 'x')).rejects.toMatchObject(isLink);
    if (process.platform !== 'win32') {
      execFileSync('mkfifo', [join(run, 'pipe')]);
      for (const doing of [own.append('pipe', 'x'), own.read('pipe'), own.write('pipe', 'x')]) {
        await expect(doing).rejects.toMatchObject(isLink);
      }
    }
    for (const path of ['../home/new.txt', '..x/../../home/new.txt', join(home, 'new.txt')]) {
      await expect(own.write(path, 'x'), path).rejects.toThrow();
      await expect(own.append(path, 'x'), path).rejects.toThrow();
    }
    await expect(own.remove('../home/mine')).rejects.toThrow();
    expect(existsSync(join(home, 'new.txt'))).toBe(false);
    expect(readFileSync(join(home, 'mine/notes.txt'), 'utf8')).toBe('mine');
  });
});

describe('linksIn', () => {
  it('finds all at once, and nothing in a folder that is as it should be', async () => {
    const { run } = folders({ 'run/run.json': '{}', 'run/checkpoints/joint/epoch-1-step-1.safetensors': '' });
    expect(await linksIn(run, 'run')).toEqual([]);
    symlinkSync('../home', join(run, 'metrics.jsonl'));
    mkdirSync(join(run, 'model.safetensors'));
    symlinkSync('../../../home', join(run, 'checkpoints/joint/deep'));
    symlinkSync('../../home', join(run, 'checkpoints/single-task-1'));
    const found = await linksIn(run, 'shown');
    expect(found.map(({ where }) => where)).toEqual([
      'shown/metrics.jsonl',
      'shown/model.safetensors',
      'shown/checkpoints/joint/deep',
      'shown/checkpoints/single-task-1',
    ]);
    expect(found[0]?.message).toContain('must be a regular file of its own, but is a link');
    expect(found[1]?.message).toContain('but is a folder');
  });
});
