// Which files a path means, and where links among them may lead.
import { mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { refuseRepeated, sourceFiles } from '../../../src/node/reading/source-files.js';
import { folderWith } from '../../helpers/folder.js';

const namesIn = async (folder: string, path: string) =>
  (await sourceFiles(join(folder, path), ['source'])).map((file) => file.path.slice(folder.length + 1));

it('a folder means all files in it that rows can be read from', async () => {
  const folder = folderWith({ 't/b.csv': 'x\n1\n', 't/a.csv.gz': 'x', 't/notes.md': 'x', 't/a.parquet.gz': 'x' });
  expect(await namesIn(folder, 't')).toEqual(['t/a.csv.gz', 't/b.csv']);
});

it('what is named may be a link, a file or a folder', async () => {
  const folder = folderWith({ 'disk/t/a.csv': 'x\n1\n' });
  symlinkSync('disk/t/a.csv', join(folder, 'rows.csv'));
  symlinkSync(join(folder, 'disk/t'), join(folder, 't'));
  expect(await namesIn(folder, 'rows.csv')).toEqual(['rows.csv']);
  expect(await namesIn(folder, 't')).toEqual(['t/a.csv']);
});

it('what lies in a folder may not lead out of it', async () => {
  const folder = folderWith({ 'secret.csv': 'x\n1\n', 't/a.csv': 'x\n1\n' });
  mkdirSync(join(folder, 't/more.csv'));
  symlinkSync('a.csv', join(folder, 't/b.csv'));
  expect(await namesIn(folder, 't')).toEqual(['t/a.csv', 't/b.csv', 't/more.csv']);
  for (const target of ['../secret.csv', join(folder, 'secret.csv'), '/dev/zero', '../nowhere.csv']) {
    symlinkSync(target, join(folder, 't/c.csv'));
    const refused = sourceFiles(join(folder, 't'), ['source']);
    await expect(refused, target).rejects.toMatchObject({ code: 'POLYTASK_DATASET', place: ['source'] });
    await expect(refused, target).rejects.toThrow(/c\.csv is a link that leads out of it.*name it by its own path/);
    rmSync(join(folder, 't/c.csv'));
  }
});

it('a file may be named once', async () => {
  const folder = folderWith({ 't/a.csv': 'x\n1\n', 't/b.csv': 'x\n1\n' });
  const files = await sourceFiles(join(folder, 't'), ['source']);
  expect(refuseRepeated(files, ['source'])).toBe(files);
  const again = await sourceFiles(join(folder, 't', '..', 't', 'a.csv'), ['source']);
  expect(() => refuseRepeated([...files, ...again], ['source'])).toThrow(
    /named once, but .*a\.csv is there several times/,
  );
});
