import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { folderWith } from '../../../../test/support/folder.js';
import { makeNumberedFolder, shownPath, whyNotEmpty } from '../../src/run/output-folder.js';

describe('whyNotEmpty', () => {
  it('has nothing against folders that are new or empty', async () => {
    const folder = folderWith();
    expect(await whyNotEmpty(folder)).toBeUndefined();
    expect(await whyNotEmpty(join(folder, 'new/deep'))).toBeUndefined();
  });

  it('says what is in the way', async () => {
    const folder = folderWith({ 'a.txt': '', 'two/b': '', 'two/c': '' });
    expect(await whyNotEmpty(join(folder, 'two'))).toMatch(/the folder has 2 things in it already/);
    expect(await whyNotEmpty(join(folder, 'a.txt'))).toBe('a file stands where the run folder should be');
    expect(await whyNotEmpty(folder)).toMatch(/2 things/);
    writeFileSync(join(folderWith(), 'x'), '');
  });
});

describe('makeNumberedFolder', () => {
  it('takes the number after the highest of that name', async () => {
    const cwd = folderWith();
    expect(await makeNumberedFolder(cwd, 'run')).toBe(join(cwd, 'runs/run-1'));
    expect(await makeNumberedFolder(cwd, 'run')).toBe(join(cwd, 'runs/run-2'));
    mkdirSync(join(cwd, 'runs/run-7'));
    mkdirSync(join(cwd, 'runs/run-late'));
    expect(await makeNumberedFolder(cwd, 'run')).toBe(join(cwd, 'runs/run-8'));
    expect(await makeNumberedFolder(cwd, 'other')).toBe(join(cwd, 'runs/other-1'));
  });

  it('gives every one of several at once a folder', async () => {
    const cwd = folderWith();
    const folders = await Promise.all(Array.from({ length: 8 }, () => makeNumberedFolder(cwd, 'run')));
    expect(new Set(folders).size).toBe(8);
  });
});

describe('shownPath', () => {
  it('is short below the working folder', () => {
    expect(shownPath('/a/b/runs/x', '/a/b')).toBe('runs/x');
    expect(shownPath('/a/c', '/a/b')).toBe('/a/c');
    expect(shownPath('/a/b', '/a/b')).toBe('/a/b');
  });
});
