import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { folderWith } from '../../../../test/support/folder.js';
import { codePlaces } from '../../src/code/code-places.js';
import { findPlugins } from '../../src/strategies/plugins.js';

const manifest = (name: string, more: object = {}) =>
  JSON.stringify({ name, version: '1.2.0', main: 'index.mjs', description: `About ${name}.`, ...more });

describe('findPlugins', () => {
  it('reads what packages say of their parts, without loading them', async () => {
    const polytask = {
      parts: { tempered: { kind: 'loss-weighting', summary: 'Softens.', options: { temperature: 'Above 0.' } } },
    };
    const folder = folderWith({
      'node_modules/@acme/tempered/package.json': manifest('@acme/tempered', { polytask }),
      'node_modules/@acme/tempered/index.mjs': 'throw new Error("loaded");',
      'runs/run.yaml': '',
    });
    expect(await findPlugins(codePlaces({ cwd: join(folder, 'runs') }))).toEqual({
      problems: [],
      parts: new Map(),
      strategies: [
        {
          name: '@acme/tempered#tempered',
          role: 'balancing strategy',
          key: expect.any(String),
          summary: 'Softens.',
          options: [{ name: 'temperature', type: '', required: false, description: 'Above 0.' }],
          from: '@acme/tempered 1.2.0',
        },
      ],
    });
  });

  it('looks into packages that have the keyword only', async () => {
    const folder = folderWith({
      'node_modules/plain/package.json': manifest('plain'),
      'node_modules/soft/package.json': manifest('soft', { keywords: ['polytask-strategy'] }),
      'node_modules/soft/index.mjs': 'export const soft = () => {}; export const version = 1; export default soft;',
      'node_modules/odd/package.json': manifest('odd', { keywords: 'polytask' }),
    });
    const { strategies, problems } = await findPlugins(codePlaces({ cwd: folder }));
    expect(problems).toEqual([]);
    expect(strategies.map(({ name, summary }) => [name, summary])).toEqual([['soft#soft', 'About soft.']]);
  });

  it('goes on where a package is broken, and says so', async () => {
    const folder = folderWith({
      'node_modules/a/package.json': manifest('a', { keywords: ['polytask'] }),
      'node_modules/b/package.json': manifest('b', { keywords: ['polytask'] }),
      'node_modules/b/index.mjs': 'throw new Error("needs another version")',
      'node_modules/c/package.json': manifest('c', { polytask: { parts: 3 } }),
      'node_modules/d/package.json': 'not JSON',
    });
    const { strategies, problems } = await findPlugins(codePlaces({ cwd: folder }));
    expect(strategies).toEqual([]);
    expect(problems).toEqual([
      'a 1.2.0: it has no entry point',
      'b 1.2.0: it cannot be loaded: needs another version',
      expect.stringContaining('c 1.2.0: `polytask` in its package.json is not'),
    ]);
  });
});
