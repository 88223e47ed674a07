import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { folderWith } from '../../../../test/support/folder.js';
import { whyNotExported, writeExport } from '../../src/run/write-export.js';

const several = ['model.json', 'weights.bin'];

describe('whyNotExported', () => {
  it.each([
    ['new', [''], false, undefined],
    ['file', [''], false, /there already; --force/],
    ['file', [''], true, undefined],
    ['folder', [''], true, /this is a folder; name a file/],
    ['new', several, false, undefined],
    ['file', several, true, /this is a file; .* name a folder/],
    ['folder', several, false, /`weights\.bin` in it already; --force/],
    ['folder', several, true, undefined],
    ['other', several, false, undefined],
  ] as const)('says of %s for %j (force: %s) what is in the way', async (name, names, force, expected) => {
    const folder = folderWith({ file: 'x', 'folder/weights.bin': 'x', 'other/page.html': 'x' });
    const found = await whyNotExported(join(folder, name), names, force);
    if (expected === undefined) expect(found).toBeUndefined();
    else expect(found).toMatch(expected);
  });
});

describe('writeExport', () => {
  it('writes a file, and makes its folder', async () => {
    const folder = folderWith();
    await writeExport(join(folder, 'a/b.onnx'), { '': Uint8Array.of(1, 2) });
    expect([...readFileSync(join(folder, 'a/b.onnx'))]).toEqual([1, 2]);
  });

  it('replaces its files alone', async () => {
    const folder = folderWith({ 'model.json': 'old', 'page.html': 'mine' });
    await writeExport(folder, { 'model.json': '{}', 'weights.bin': Uint8Array.of(7) });
    expect(readdirSync(folder).sort()).toEqual(['model.json', 'page.html', 'weights.bin']);
    expect(readFileSync(join(folder, 'model.json'), 'utf8')).toBe('{}');
  });

  it('leaves an earlier export whole where the new one cannot be written', async () => {
    const folder = folderWith({ 'model.json': 'old', 'weights.bin': 'old' });
    const failing = { 'model.json': '{}', 'weights.bin': { not: 'bytes' } as never };
    await expect(writeExport(folder, failing)).rejects.toThrow();
    expect(readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'))).toEqual(['old', 'old']);
  });

  it('never leaves a model.json beside weights that are not its own', async () => {
    const folder = folderWith({ 'model.json': 'old' });
    // What should be replaced cannot be: a folder with something in it.
    mkdirSync(join(folder, 'weights.bin'));
    writeFileSync(join(folder, 'weights.bin/x'), '');
    await expect(writeExport(folder, { 'model.json': '{}', 'weights.bin': Uint8Array.of(7) })).rejects.toThrow();
    expect(readdirSync(folder)).toEqual(['weights.bin']);
  });
});
