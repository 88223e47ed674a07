import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { folderWith } from '../../../../test/support/folder.js';
import { codePlaces } from '../../src/code/code-places.js';
import { neededPlaces, referencesIn } from '../../src/code/references.js';

const config = {
  data: { use: 'table', source: 'a#b.csv' },
  tasks: [{ type: '@acme/tasks/sub#ordinal' }, { type: 'binary' }],
  sharing: { use: 'hard-sharing', encoder: { use: './deep/a#b.mjs#enc' } },
};

it('referencesIn finds what stands before the last #', () => {
  expect(referencesIn(config)).toEqual(['@acme/tasks/sub', './deep/a#b.mjs']);
});

describe('neededPlaces', () => {
  it('are those that the working folder cannot stand for', () => {
    const cwd = realpathSync(folderWith({ 'own.mjs': '', 'deep/own.mjs': '', 'deep/run.yaml': '', 'run.yaml': '' }));
    const needed = (runFile: string, use: string) =>
      neededPlaces({ balancing: { use } }, codePlaces({ cwd, runFile }), cwd);
    expect(needed('run.yaml', './own.mjs#x')).toEqual([]);
    expect(needed('run.yaml', './deep/own.mjs#x')).toEqual([cwd]);
    expect(needed('deep/run.yaml', './deep.mjs#x')).toEqual([join(cwd, 'deep')]);
    expect(needed('deep/run.yaml', 'sum-of-losses')).toEqual([]);
  });
});
