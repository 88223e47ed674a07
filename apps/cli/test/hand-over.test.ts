import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { folderWith } from '../../../test/support/folder.js';
import { projectProgram } from '../src/hand-over.js';

const copy = (bin: string) => JSON.stringify({ name: '@polytask/cli', bin: { polytask: bin } });

const folder = () =>
  folderWith({
    'project/runs/run.yaml': '',
    'project/runs/run-1/run.json': '{}',
    'project/node_modules/@polytask/cli/package.json': copy('./dist/main.js'),
    'project/node_modules/@polytask/cli/dist/main.js': '',
    'other/run.yaml': '',
    'unbuilt/run.yaml': '',
    'unbuilt/node_modules/@polytask/cli/package.json': copy('./dist/main.js'),
  });

const own = pathToFileURL('/somewhere/dist/main.js').href;

describe('projectProgram', () => {
  it("is the program of the project's own copy", () => {
    const root = folder();
    const program = join(root, 'project/node_modules/@polytask/cli/dist/main.js');
    expect(projectProgram(['train', '--set', 'a=b', 'project/runs/run.yaml'], root, own)).toBe(program);
    expect(projectProgram(['export', 'project/runs/run-1', '--format', 'onnx'], root, own)).toBe(program);
    expect(projectProgram(['check', 'run.yaml'], join(root, 'project/runs'), own)).toBe(program);
  });

  it('is that of the project whose configuration a run began with, wherever the run folder is', () => {
    const root = folder();
    const program = join(root, 'project/node_modules/@polytask/cli/dist/main.js');
    const run = (file: unknown) => {
      const elsewhere = folderWith({ 'disk/run-1/run.json': JSON.stringify({ file }) });
      return join(elsewhere, 'disk/run-1');
    };
    const away = run(join(root, 'project/runs/run.yaml'));
    for (const args of [
      ['train', '--resume', away],
      ['train', `--resume=${away}`, '-q'],
      ['predict', away, 'a.csv'],
    ]) {
      expect(projectProgram(args, '/', own), args.join(' ')).toBe(program);
    }
    expect(projectProgram(['train', '--resume', run('project/runs/run.yaml')], root, own)).toBeUndefined();
    expect(projectProgram(['train', '--resume', run(7)], root, own)).toBeUndefined();
    // The project has moved, and its runs with it.
    writeFileSync(join(root, 'project/runs/run-1/run.json'), '{ "file": "/gone/run.yaml" }');
    expect(projectProgram(['train', '--resume', 'project/runs/run-1'], root, own)).toBe(program);
    writeFileSync(join(root, 'project/runs/run-1/run.json'), '{ broken');
    expect(projectProgram(['train', '--resume', 'project/runs/run-1'], root, own)).toBe(program);
  });

  it('is never what lies in a run folder', () => {
    const root = folderWith({
      'run-1/run.json': '{}',
      'run-1/node_modules/@polytask/cli/package.json': copy('./evil.js'),
      'run-1/node_modules/@polytask/cli/evil.js': '',
    });
    expect(projectProgram(['train', '--resume', 'run-1'], root, own)).toBeUndefined();
    expect(projectProgram(['train', '--resume', '.'], join(root, 'run-1'), own)).toBeUndefined();
    writeFileSync(join(root, 'run-1/run.json'), JSON.stringify({ file: join(root, 'run-1/run.yaml') }));
    expect(projectProgram(['predict', 'run-1'], root, own)).toBeUndefined();
  });

  it('is none where there is no other copy, or no file', () => {
    const root = folder();
    expect(projectProgram(['train', 'other/run.yaml'], root, own)).toBeUndefined();
    expect(projectProgram(['train', 'unbuilt/run.yaml'], root, own)).toBeUndefined();
    expect(projectProgram(['train', 'project/gone.yaml'], root, own)).toBeUndefined();
    expect(projectProgram(['schema'], root, own)).toBeUndefined();
  });

  it('knows itself behind a link', () => {
    const root = folder();
    const self = join(root, 'project/node_modules/@polytask/cli');
    mkdirSync(join(root, 'linked/node_modules/@polytask'), { recursive: true });
    symlinkSync(self, join(root, 'linked/node_modules/@polytask/cli'));
    symlinkSync(join(root, 'other/run.yaml'), join(root, 'linked/run.yaml'));
    expect(
      projectProgram(['train', 'linked/run.yaml'], root, pathToFileURL(join(self, 'dist/main.js')).href),
    ).toBeUndefined();
  });
});
