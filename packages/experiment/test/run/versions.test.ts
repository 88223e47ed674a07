import { describe, expect, it } from 'vitest';
import { folderWith } from '../../../../test/support/folder.js';
import { codePlaces, noCode } from '../../src/code/code-places.js';
import { versionsOf } from '../../src/run/versions.js';

describe('versionsOf', () => {
  it('has Node, tfjs and our packages', () => {
    const versions = versionsOf({}, noCode);
    expect(versions).toMatchObject({ node: process.versions.node, '@tensorflow/tfjs': '4.22.0' });
    for (const name of [
      '@polytask/experiment',
      '@polytask/compiler',
      '@polytask/core',
      '@polytask/data',
      '@polytask/hard-sharing',
    ]) {
      expect(versions[name]).toMatch(/^\d+\.\d+\.\d+/);
    }
  });

  it('has the packages that the configuration takes parts from', () => {
    const folder = folderWith({
      'node_modules/@acme/parts/package.json': '{ "version": "1.2.3" }',
      'node_modules/tasks/package.json': '{}',
    });
    const config = {
      tasks: [{ type: 'tasks/sub#ordinal' }, { type: 'binary' }],
      sharing: { use: 'hard-sharing', encoder: { use: '@acme/parts#encoder' } },
      balancing: { use: './own.mjs#x' },
      data: { use: 'gone#x' },
    };
    const { '@acme/parts': parts, tasks, gone, '.': own } = versionsOf(config, codePlaces({ cwd: folder }));
    expect([parts, tasks, gone, own]).toEqual(['1.2.3', 'unknown', undefined, undefined]);
  });
});
