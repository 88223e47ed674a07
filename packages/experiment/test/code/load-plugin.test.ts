import { describe, expect, it } from 'vitest';
import { folderWith } from '../../../../test/support/folder.js';
import { temperedModule } from '../../../../test/support/plugins.js';
import { codePlaces } from '../../src/code/code-places.js';
import { loadPlugin, makePlugin } from '../../src/code/load-plugin.js';
import { tableFor } from '../../src/parts/tables.js';

const code = () => codePlaces({ cwd: folder() });

const folder = () =>
  folderWith({
    'tempered.mjs': temperedModule,
    'broken.mjs': 'export const x = ;',
    'throws.mjs': 'throw new Error("no luck");',
    'empty.mjs': '',
  });

async function make(name: string, options: object = {}, table = tableFor('loss-weighting')) {
  const reference = `./tempered.mjs#${name}`;
  return makePlugin(reference, await loadPlugin(reference, code()), table, options, { folder: '/x' });
}

describe('loadPlugin', () => {
  it('gives the export', async () => {
    expect(await loadPlugin('./tempered.mjs#number', code())).toBe(3);
  });

  it.each([
    ['./tempered.mjs#temperd', /exports no `temperd`; it exports .*\. Did you mean `tempered`\?/],
    ['./empty.mjs#x', /it exports none/],
    ['./gone.mjs#x', /there is no file `\.\/gone\.mjs` in/],
    ['@acme/gone#x', /`@acme\/gone` is not installed for .*npm install @acme\/gone/],
    ['./broken.mjs#x', /`\.\/broken\.mjs` cannot be loaded: .*Error/],
    ['./throws.mjs#x', /cannot be loaded: Error: no luck/],
    ['./tempered.mjs#toString', /exports no `toString`/],
  ])('refuses %s', async (reference, message) => {
    await expect(loadPlugin(reference, code())).rejects.toMatchObject({
      code: 'POLYTASK_PLUGIN',
      message: expect.stringMatching(message),
    });
  });
});

describe('makePlugin', () => {
  it('calls a factory with options and context, and takes a finished part as it is', async () => {
    expect(await make('echo', { a: 1 })).toMatchObject({ seen: { options: { a: 1 }, context: { folder: '/x' } } });
    expect(await make('finished')).toMatchObject({ name: 'tempered' });
  });

  it.each([
    ['finished', { a: 1 }, /takes no options/],
    ['tempered', { temperature: 0 }, /failed: RangeError: temperature must be above 0/],
    ['encoder', {}, /`\.\/tempered\.mjs#encoder` must be a loss-weighting or .* but is a part of kind `encoder`/],
    ['nothing', {}, /but is undefined/],
    ['number', {}, /but is number/],
    [
      'old',
      {},
      /^`\.\/tempered\.mjs#old`: The loss-weighting .* version 0 of its contract; this core speaks version 1/,
    ],
  ])('refuses %s', async (name, options, message) => {
    await expect(make(name, options)).rejects.toThrow(message);
  });

  it('leaves what has no contract of kinds to those who use it', async () => {
    expect(await make('nothing', {}, tableFor('data'))).toBeUndefined();
  });
});
