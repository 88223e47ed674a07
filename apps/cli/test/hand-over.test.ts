import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { projectProgram } from '../src/hand-over.js';
import { folderWith } from './helpers/folder.js';

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
