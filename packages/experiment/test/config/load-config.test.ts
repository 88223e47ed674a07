import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { changed, smallRun } from '../../../../test/support/configs.js';
import { folderWith } from '../../../../test/support/folder.js';
import { type ConfigRequest, loadConfig } from '../../src/config/load-config.js';
import type { InputError } from '../../src/errors/mistakes.js';

async function load(text: string, request: Partial<ConfigRequest> = {}) {
  const cwd = folderWith({ 'runs/run.yaml': text });
  return loadConfig({ file: 'runs/run.yaml', cwd, ...request });
}

const told = async (...args: Parameters<typeof load>) =>
  (await load(...args)).mistakes.mistakes.map(({ where, message }) => `${where}: ${message}`);

async function refused(request: ConfigRequest): Promise<string> {
  return ((await loadConfig(request).catch((error: InputError) => error)) as InputError).message;
}

describe('loadConfig', () => {
  it('reads a file that is right', async () => {
    const loaded = await load(smallRun);
    expect(loaded.mistakes.mistakes).toEqual([]);
    expect(loaded).toMatchObject({
      file: 'runs/run.yaml',
      name: 'run',
      sections: { seed: 0, training: { epochs: 1 } },
    });
    expect(loaded.path).toBe(join(loaded.folder, 'run.yaml'));
  });

  it('applies the command line in order, its own options last', async () => {
    const overrides = [{ where: '--seed 5', path: ['seed'], value: 5 }];
    const loaded = await load(smallRun, { set: ['seed=3', 'training.epochs=4', 'training.epochs=2'], overrides });
    expect(loaded.sections).toMatchObject({ seed: 5, training: { epochs: 2, batchSize: 32 } });
  });

  it('tells all mistakes with their places, and keeps what is right', async () => {
    const text = changed('epochs: 1', 'epochs: 0', changed('name: right', 'nam: right'));
    const loaded = await load(`${text}colour: red\n`, { set: ['seed', 'seed.x=1', 'backend=gpu'] });
    const places = loaded.mistakes.mistakes.map(({ where }) => where).sort();
    expect(places).toEqual([
      '--set backend=gpu',
      '--set seed',
      '--set seed.x=1',
      'runs/run.yaml:10:21',
      'runs/run.yaml:11:1',
      'runs/run.yaml:6:5',
      'runs/run.yaml:6:7',
    ]);
    expect(loaded.sections).not.toHaveProperty('tasks');
    expect(loaded.sections).toHaveProperty('sharing');
  });

  it('goes on after a duplicate key, and stops at what is no YAML', async () => {
    expect(await told(`${smallRun}seed: 1\nseed: x\n`)).toEqual([
      expect.stringContaining('run.yaml:12:1: the key `seed` is here a second time'),
      expect.stringContaining('`seed`: found "x"'),
    ]);
    await expect(load('data: [')).rejects.toThrow(/^runs\/run\.yaml:1:\d+: this is not YAML/);
  });

  it.each([
    ['', /run\.yaml:1:1: found nothing, expected a mapping with data, split, tasks/],
    ['- 1', /found \[1\], expected a mapping/],
    ['__proto__: 1', /`__proto__` is not allowed/],
  ])('refuses %j', async (text, message) => {
    const found = await told(text).catch((error: Error) => [error.message]);
    expect(found.join('\n')).toMatch(message);
  });

  it('says why a file cannot be read', async () => {
    const cwd = folderWith({ 'run.yaml': smallRun });
    mkdirSync(join(cwd, 'folder.yaml'));
    writeFileSync(join(cwd, 'latin1.yaml'), Buffer.from([0x61, 0x3a, 0x20, 0xe4]));
    expect(await refused({ file: 'rum.yaml', cwd })).toBe('rum.yaml: there is no such file. Did you mean `run.yaml`?');
    expect(await refused({ file: 'no/run.yaml', cwd })).toBe('no/run.yaml: there is no such file');
    expect(await refused({ file: 'folder.yaml', cwd })).toBe(
      'folder.yaml: this is a folder; name a YAML file, or go on with a run folder by `--resume`',
    );
    expect(await refused({ file: 'latin1.yaml', cwd })).toBe('latin1.yaml: this is not text in UTF-8');
    expect(await refused({ file: 'run.yaml/x', cwd })).toMatch(/^run\.yaml\/x: ENOTDIR/);
  });
});
