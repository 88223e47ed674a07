// Things that are called like files and are none: pipes that nobody writes to, devices without end, folders, dangling links.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { finishedRun, polytask, tableRun } from '../helpers/finished-run.js';

let run: Awaited<ReturnType<typeof finishedRun>>;
beforeAll(async () => {
  run = await finishedRun();
}, 60_000);
afterAll(() => run.remove());

/** What stands where a file should be. */
const things = {
  'a pipe': (path: string) => void spawnSync('mkfifo', [path]),
  'a device': (path: string) => symlinkSync('/dev/zero', path),
  'a folder': (path: string) => void mkdirSync(path),
};
const each = Object.entries(things);

/** Everything must have ended by then; all of it takes a second. */
const soon = 10_000;

/** Makes a finished run one that can be gone on with. */
function unfinish(folder: string): void {
  const document = JSON.parse(readFileSync(join(folder, 'r/run.json'), 'utf8'));
  const { joint: _, ...rest } = document;
  writeFileSync(join(folder, 'r/run.json'), JSON.stringify({ ...rest, status: 'running' }));
}

describe.skipIf(process.platform === 'win32').each(each)('%s', (_, make) => {
  it('as a lock is named, and not waited for', { timeout: soon }, async () => {
    const cwd = run.copy();
    unfinish(cwd);
    make(join(cwd, 'r/lock-1'));
    const { code, stderr } = await polytask(cwd, 'train', '--resume', 'r', '-q');
    expect([code, stderr]).toEqual([2, expect.stringMatching(/lock-1: this is called like a lock .* delete it\n/)]);
  });

  it('as run.json is refused by every command', { timeout: soon }, async () => {
    for (const args of [
      ['train', '--resume', 'r'],
      ['evaluate', 'r'],
    ]) {
      const cwd = run.copy();
      rmSync(join(cwd, 'r/run.json'));
      make(join(cwd, 'r/run.json'));
      const { code, stderr } = await polytask(cwd, ...args);
      expect([args, code, stderr]).toEqual([args, 2, expect.stringContaining('must be a regular file')]);
    }
  });

  it('as the model is refused by every command that reads it', { timeout: soon }, async () => {
    for (const args of [
      ['predict', 'r', 't.csv'],
      ['evaluate', 'r'],
      ['export', 'r', '-f', 'onnx'],
    ]) {
      const cwd = run.copy();
      rmSync(join(cwd, 'r/model.safetensors'));
      make(join(cwd, 'r/model.safetensors'));
      const { code, stderr } = await polytask(cwd, ...args);
      expect([args, code, stderr]).toEqual([args, 2, expect.stringContaining('must be a regular file')]);
    }
  });

  it('as metrics.jsonl ends going on', { timeout: soon }, async () => {
    const cwd = run.copy();
    unfinish(cwd);
    rmSync(join(cwd, 'r/metrics.jsonl'));
    make(join(cwd, 'r/metrics.jsonl'));
    const { code, stderr } = await polytask(cwd, 'train', '--resume', 'r', '-q');
    expect([code, stderr]).toEqual([2, expect.stringContaining('must be a regular file')]);
    expect(stderr).not.toContain('fault of Polytask');
  });

  it('as a source, an image or a layers model is refused', { timeout: soon }, async () => {
    const cwd = run.copy();
    make(join(cwd, 'x.csv'));
    make(join(cwd, 'x.png'));
    make(join(cwd, 'x.json'));
    writeFileSync(join(cwd, 'images.csv'), `file,big\n${'x.png,1\nx.png,0\n'.repeat(8)}`);
    const model = { modelTopology: {}, weightsManifest: [{ paths: ['x.csv'], weights: [] }] };
    writeFileSync(join(cwd, 'model.json'), JSON.stringify(model));
    const images = tableRun
      .replace('use: table, source: t.csv, cache: cache', 'use: images, folder: ., table: images.csv')
      .replace('  - { name: price, type: regression }\n', '');
    for (const [name, text] of [
      ['source', tableRun.replace('t.csv', 'x.csv')],
      ['image', images],
      ['layers', tableRun.replace('use: mlp, units: [4]', 'use: layers-model, file: x.json')],
      ['weights', tableRun.replace('use: mlp, units: [4]', 'use: layers-model, file: model.json')],
    ] as const) {
      writeFileSync(join(cwd, `${name}.yaml`), text);
      const { code, stderr } = await polytask(cwd, 'check', `${name}.yaml`);
      expect([name, code, stderr]).toEqual([
        name,
        2,
        expect.stringMatching(/regular file|must hold files|must hold rows, but is empty|within/),
      ]);
    }
  });

  it('as a run file is refused', { timeout: soon }, async () => {
    const cwd = run.copy();
    rmSync(join(cwd, 'run.yaml'));
    make(join(cwd, 'run.yaml'));
    for (const args of [
      ['check', 'run.yaml'],
      ['train', 'run.yaml', '-q'],
    ]) {
      const { code, stderr } = await polytask(cwd, ...args);
      expect([args, code, stderr]).toEqual([args, 2, expect.stringMatching(/this is (a pipe|longer than|a folder)/)]);
    }
  });

  it('as a file of code is not loaded', { timeout: soon }, async () => {
    const cwd = run.copy();
    make(join(cwd, 'x.mjs'));
    writeFileSync(join(cwd, 'code.yaml'), `${tableRun}balancing: { use: "./x.mjs#x" }\n`);
    const { code, stderr } = await polytask(cwd, 'check', 'code.yaml');
    expect([code, stderr]).toEqual([2, expect.stringContaining('there is no file `./x.mjs`')]);
  });
});

it.skipIf(process.platform === 'win32')('a device that is named as code is not loaded', { timeout: soon }, async () => {
  const cwd = run.copy();
  writeFileSync(join(cwd, 'code.yaml'), `${tableRun}balancing: { use: "/dev/zero#x" }\n`);
  expect(await polytask(cwd, 'check', 'code.yaml')).toMatchObject({ code: 2 });
});

it.skipIf(process.platform === 'win32')('a dangling link as a lock is named', { timeout: soon }, async () => {
  const cwd = run.copy();
  unfinish(cwd);
  symlinkSync('nowhere', join(cwd, 'r/lock-1'));
  const { code, stderr } = await polytask(cwd, 'train', '--resume', 'r', '-q');
  expect([code, stderr]).toEqual([2, expect.stringContaining('lock-1: this is called like a lock')]);
});

it('a lock beyond all numbers is named', { timeout: soon }, async () => {
  const cwd = run.copy();
  unfinish(cwd);
  writeFileSync(join(cwd, 'r/lock-999999999999999'), '{}');
  const { code, stderr } = await polytask(cwd, 'train', '--resume', 'r', '-q');
  expect([code, stderr]).toEqual([2, expect.stringContaining('there is no number after this one')]);
});

describe.skipIf(process.platform !== 'linux')('a folder that takes none', () => {
  it.each([
    ['train', 'run.yaml', '-q', '-o', '/proc/polytask-x'],
    ['check', 'run.yaml', '-s', 'data.cache=/proc/polytask-x'],
    ['predict', 'r', 't.csv', '-o', '/proc/polytask-x/y.csv'],
    ['export', 'r', '-f', 'tfjs', '-o', '/proc/polytask-x'],
  ])('ends %s', { timeout: soon }, async (...args: string[]) => {
    const { code, stderr } = await polytask(run.copy(), ...args);
    expect(code).toBeOneOf([1, 2]);
    expect(stderr).toMatch(/ENOENT/);
    expect(stderr).not.toContain('fault of Polytask');
  });
});
