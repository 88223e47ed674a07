import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { folderWith } from '../../../../test/support/folder.js';
import { projectProgram } from '../../src/code/hand-over.js';

const copy = (bin: string) => JSON.stringify({ name: '@polytask/cli', bin: { polytask: bin } });

const folder = () =>
  folderWith({
    'project/runs/run.yaml': '',
    'project/runs/run-1/run.json': '{ "given": {} }',
    'project/node_modules/@polytask/cli/package.json': copy('./dist/main.js'),
    'project/node_modules/@polytask/cli/dist/main.js': '',
    'other/run.yaml': '',
    'unbuilt/run.yaml': '',
    'unbuilt/node_modules/@polytask/cli/package.json': copy('./dist/main.js'),
  });

const own = pathToFileURL('/somewhere/dist/main.js').href;

describe('projectProgram', () => {
  it('is the program of the copy beside the run file that the command line names, or above it', () => {
    const root = folder();
    const program = join(root, 'project/node_modules/@polytask/cli/dist/main.js');
    for (const args of [
      ['train', '--set', 'a=b', 'project/runs/run.yaml'],
      ['train', '-q', '-sa=b', 'project/runs/run.yaml'],
      ['check', '--', 'project/runs/run.yaml'],
      ['train', '--resume', 'project/runs/run-1', 'project/runs/run.yaml'],
      ['predict', 'project/runs/run-1', '--plugins', 'project'],
      ['predict', 'project/runs/run-1', '--plugins=project/runs'],
    ]) {
      expect(projectProgram(args, root, own), args.join(' ')).toBe(program);
    }
  });

  it('is that of the working folder', () => {
    const root = folder();
    const program = join(root, 'project/node_modules/@polytask/cli/dist/main.js');
    for (const args of [
      ['check', 'run.yaml'],
      ['export', 'run-1', '--format', 'onnx'],
      ['train', '--resume', 'run-1'],
      ['train', '--resume=run-1', '-q'],
      ['evaluate', '/elsewhere/run-1'],
    ]) {
      expect(projectProgram(args, join(root, 'project/runs'), own), args.join(' ')).toBe(program);
    }
  });

  it('is never named by what a file says, or by where data, a run folder or an output are', () => {
    const root = folder();
    writeFileSync(join(root, 'project/rows.json'), '[]');
    const away = join(
      folderWith({ 'disk/run-1/run.json': JSON.stringify({ given: {}, file: join(root, 'project/runs/run.yaml') }) }),
      'disk/run-1',
    );
    for (const args of [
      ['predict', away, 'project/rows.json'],
      ['train', '--resume', away],
      ['predict', 'project/runs/run-1'],
      ['evaluate', '--data', 'project/rows.json', away],
      ['export', '-f', 'onnx', '--force', '-o', 'project/rows.json', away],
      ['evaluate', '--data=project/rows.json', away],
      ['check', '--of-another-version', 'project/rows.json', 'run.yaml'],
      ['train', '-s', 'project/runs/run.yaml', 'other/run.yaml'],
    ]) {
      expect(projectProgram(args, root, own), args.join(' ')).toBeUndefined();
    }
  });

  it('is none for help, for completion, and for what loads no parts', () => {
    const cwd = join(folder(), 'project/runs');
    for (const args of [
      ['train', 'run.yaml', '--help'],
      ['predict', '-h'],
      ['complete', '--', 'train', 'run.yaml', ''],
      ['complete', '--', 'predict', 'run-1', ''],
      ['completion', 'bash'],
      ['cache', '--folder', 'run-1'],
      ['schema'],
      ['toString'],
      [],
    ]) {
      expect(projectProgram(args, cwd, own), args.join(' ')).toBeUndefined();
    }
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
