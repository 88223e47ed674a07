import { realpathSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { folderWith } from '../../../../test/support/folder.js';
import { type CodePlaces, codePlaces, findCode, findPackage, noCode } from '../../src/code/code-places.js';

const folder = () =>
  realpathSync(
    folderWith({
      'project/runs/run.yaml': '',
      'project/runs/own.mjs': '',
      'project/runs/deep/own.mjs': '',
      'project/top.mjs': '',
      'project/parts/part.mjs': '',
      'project/node_modules/@acme/parts/package.json': '{ "main": "i.js" }',
      'project/node_modules/@acme/parts/i.js': '',
      'project/runs/run-1/run.json': '{ "given": {} }',
      'project/runs/run-1/evil.mjs': '',
      'project/runs/run-1/run.yaml': '',
      'project/runs/run-1/..x/evil.mjs': '',
      'project/runs/named/evil.mjs': '',
      'json/run.json': '{ "data": {} }',
      'json/own.mjs': '',
      'yaml/run.json': '# A run file.\ndata: {}\n',
      'yaml/own.mjs': '',
      'broken/run.json': '{ "given": { ',
      'broken/evil.mjs': '',
      'hidden/run.json': '{ "g\\u0069ven": {} }',
      'hidden/evil.mjs': '',
    }),
  );

const found = (specifier: string, code: CodePlaces, root: string) => {
  const answer = findCode(specifier, code);
  return 'file' in answer ? answer.file.slice(root.length + 1) : answer.reason;
};

describe('codePlaces', () => {
  it('are the folder of the run file, those of --plugins, then the working folder', () => {
    const root = folder();
    symlinkSync('project/parts', join(root, 'link'));
    const code = codePlaces({ cwd: root, runFile: 'project/runs/run.yaml', plugins: ['link'] });
    const [runs, parts] = [join(root, 'project/runs'), join(root, 'project/parts')];
    expect(code).toEqual({ folders: [runs, parts, root], whole: [runs, parts], runFolders: [], refused: [] });
    expect(codePlaces({ cwd: runs, runFile: 'run.yaml' }).folders).toEqual([runs]);
    expect(codePlaces({ cwd: root, runFile: 'gone/run.yaml' }).folders).toEqual([root]);
    expect(codePlaces({ cwd: root, runFile: 'project/gone.yaml' }).folders).toEqual([root]);
  });

  it('are none in a run folder: one that is named, one by its run.json, also one of which that is broken or odd', () => {
    const root = folder();
    symlinkSync('project/runs/run-1', join(root, 'alias'));
    const run = join(root, 'project/runs/run-1');
    expect(codePlaces({ cwd: run })).toMatchObject({ folders: [], refused: [run] });
    expect(codePlaces({ cwd: join(root, 'alias/..x') }).folders).toEqual([]);
    expect(codePlaces({ cwd: root, runFile: 'alias/run.yaml' }).folders).toEqual([root]);
    expect(codePlaces({ cwd: join(root, 'project/runs/named'), runFolder: '.' }).folders).toEqual([]);
    for (const name of ['broken', 'hidden']) expect(codePlaces({ cwd: join(root, name) }).folders, name).toEqual([]);
    for (const name of ['json', 'yaml']) expect(codePlaces({ cwd: join(root, name) }).folders, name).toHaveLength(1);
    symlinkSync('nowhere', join(root, 'project/parts/run.json'));
    expect(codePlaces({ cwd: join(root, 'project/parts') }).folders).toEqual([]);
  });
});

describe('findCode', () => {
  it('finds packages from each place upwards', () => {
    const root = folder();
    const code = codePlaces({ cwd: '/', runFile: join(root, 'project/runs/run.yaml') });
    expect(found('@acme/parts', code, root)).toBe('project/node_modules/@acme/parts/i.js');
    expect(findPackage('@acme/parts', code)).toBe(join(root, 'project/node_modules/@acme/parts'));
    expect(found('@acme/parts', codePlaces({ cwd: root }), root)).toMatch(/not installed for .*--plugins <folder>/);
  });

  it('finds files at any depth beside the run file and in folders of --plugins, in the working folder those that lie in it', () => {
    const root = folder();
    const project = join(root, 'project');
    const code = codePlaces({ cwd: project, runFile: 'runs/run.yaml' });
    expect(found('./own.mjs', code, root)).toBe('project/runs/own.mjs');
    expect(found('./deep/own.mjs', code, root)).toBe('project/runs/deep/own.mjs');
    expect(found('../top.mjs', code, root)).toBe('project/top.mjs');
    expect(found(join(project, 'top.mjs'), code, root)).toBe('project/top.mjs');
    expect(found('../parts/part.mjs', code, root)).toMatch(/is not loaded: .*--plugins .*project\/parts`/);
    const plugins = codePlaces({ cwd: project, runFile: 'runs/run.yaml', plugins: ['.'] });
    expect(found('../parts/part.mjs', plugins, root)).toBe('project/parts/part.mjs');
    expect(found('./parts/part.mjs', codePlaces({ cwd: project }), root)).toMatch(/is not loaded/);
    expect(found('./top.mjs', codePlaces({ cwd: project }), root)).toBe('project/top.mjs');
  });

  it('finds nothing in a run folder, by any name, and nothing where nothing may be loaded', () => {
    const root = folder();
    const runs = join(root, 'project/runs');
    symlinkSync('run-1/evil.mjs', join(runs, 'alias.mjs'));
    symlinkSync('run-1', join(runs, 'link'));
    symlinkSync('/dev/zero', join(runs, 'zero.mjs'));
    const code = codePlaces({
      cwd: root,
      runFile: join(runs, 'run.yaml'),
      runFolder: join(runs, 'named'),
      plugins: [runs],
    });
    const names = ['run-1/evil.mjs', 'run-1/..x/evil.mjs', 'link/evil.mjs', 'alias.mjs', 'named/evil.mjs'];
    for (const name of names) {
      for (const specifier of [
        `./${name}`,
        join(runs, name),
        join('/proc/self/root', runs, name),
        `./deep/../${name}`,
      ]) {
        expect(found(specifier, code, root), specifier).toMatch(/is not loaded: it lies in the run folder|no file/);
      }
    }
    expect(found('./zero.mjs', code, root)).toMatch(/there is no file/);
    expect(found('./deep', code, root)).toMatch(/there is no file/);
    for (const specifier of ['./own.mjs', '@acme/parts', join(runs, 'own.mjs')]) {
      expect('reason' in findCode(specifier, noCode)).toBe(true);
    }
  });
});
