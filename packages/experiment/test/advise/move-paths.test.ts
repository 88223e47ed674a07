import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { folderWith } from '../../../../test/support/folder.js';
import { movePaths } from '../../src/advise/move-paths.js';

/** A folder with rows of its own and in a package, one within it, and one elsewhere. */
function folders() {
  const manifest = '{"name":"tables","version":"1.0.0"}';
  const from = folderWith({
    'rows.csv': 'x',
    'node_modules/tables/package.json': manifest,
    'node_modules/tables/rows.csv': 'x',
  });
  return { from, inside: join(from, 'advice', 'new'), elsewhere: folderWith({}) };
}

describe('movePaths', () => {
  it('keeps what is meant, and leaves all else', () => {
    const { from, inside } = folders();
    const config = {
      data: {
        use: 'table',
        source: { a: 'rows.csv', b: ['./rows.csv', '/root/rows.csv'] },
        sql: 'SELECT * FROM a',
        cache: 'kept',
      },
      split: { validation: 0.1, files: { test: 'test/*.csv' } },
      start: { run: '../run-1', partial: true },
      output: 'runs/mine',
      tasks: [{ name: 'rows.csv' }],
      balancing: { use: './own.mjs#own' },
    };
    expect(movePaths(config, from, inside)).toEqual({
      ...config,
      data: {
        ...config.data,
        source: { a: '../../rows.csv', b: ['../../rows.csv', '/root/rows.csv'] },
        cache: '../../kept',
      },
      split: { validation: 0.1, files: { test: '../../test/*.csv' } },
      start: { run: '../../../run-1', partial: true },
      output: '../../runs/mine',
    });
    expect(movePaths({ start: 'run-1' }, inside, from)).toEqual({ start: './advice/new/run-1' });
    expect(movePaths(config, from, from)).toEqual(config);
  });

  it('leaves a path within a package where the package is found from there too', () => {
    const { from, inside, elsewhere } = folders();
    const config = { data: { use: 'task-tables', tables: { one: { source: 'tables/rows.csv', sql: 'SELECT 1' } } } };
    expect(movePaths(config, from, inside)).toEqual(config);
    const { data } = movePaths(config, from, elsewhere) as typeof config;
    expect(join(elsewhere, data.tables.one.source)).toBe(join(from, 'node_modules/tables/rows.csv'));
    expect(data.tables.one.sql).toBe('SELECT 1');
  });
});
