import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openDatabase } from '../../../src/node/reading/duckdb.js';
import { folderWith } from '../../helpers/folder.js';

describe("a stranger's SQL", () => {
  const attempts = (folder: string) => ({
    'reads no other file': `SELECT * FROM read_csv('${folder}/secret.csv')`,
    'reads no other text': `SELECT * FROM read_text('${folder}/secret.csv')`,
    'lists no folder': `SELECT * FROM glob('${folder}/*')`,
    'reads no file by its name': `FROM '${folder}/secret.csv'`,
    'leaves by no parent folder': `FROM '${folder}/sub/../secret.csv'`,
    'reads no address': "FROM 'http://127.0.0.1:9/x.csv'",
    'writes no file': `COPY (SELECT 1) TO '${folder}/new.csv'`,
    'attaches no database': `ATTACH '${folder}/new.duckdb'`,
    'installs no extension': 'INSTALL httpfs',
    'loads no extension': "LOAD 'httpfs'",
    'changes no setting': 'SET enable_external_access = true',
    'names no further file': `SET allowed_paths = ['${folder}/secret.csv']`,
    'resets nothing': 'RESET lock_configuration',
    'exports nothing': `EXPORT DATABASE '${folder}/out'`,
    'imports nothing': `IMPORT DATABASE '${folder}'`,
    'reads no environment': "SELECT getenv('HOME')",
  });

  it.each(Object.keys(attempts('')))('%s', async (name) => {
    const folder = folderWith({ 'rows.csv': 'x\n1\n', 'secret.csv': 'password\n1234\n', 'sub/x.csv': 'x\n' });
    const sql = attempts(folder)[name as keyof ReturnType<typeof attempts>];
    const database = await openDatabase({ files: [join(folder, 'rows.csv')], threads: 1, memory: 128 });
    try {
      await expect(database.rows(sql)).rejects.toThrow();
      expect(await database.rows(`FROM read_csv('${folder}/rows.csv')`)).toHaveLength(1);
    } finally {
      database.close();
    }
    for (const file of ['new.csv', 'new.duckdb', 'out']) expect(existsSync(join(folder, file))).toBe(false);
    expect(readFileSync(join(folder, 'rows.csv'), 'utf8')).toBe('x\n1\n');
  });

  it('does not write over the files that it may read', async () => {
    const folder = folderWith({ 'rows.csv': 'x\n1\n' });
    const database = await openDatabase({ files: [join(folder, 'rows.csv')], threads: 1, memory: 128 });
    // The database could; that is why only a SELECT is let through.
    expect(await database.whyNoQuery(`COPY (SELECT 1) TO '${folder}/rows.csv'`)).toMatch(/must be a SELECT/);
    expect(await database.whyNoQuery('CREATE TABLE t AS SELECT 1')).toMatch(/must be a SELECT/);
    expect(await database.whyNoQuery(`SELECT 1; COPY (SELECT 1) TO '${folder}/rows.csv'`)).toMatch(/one statement/);
    expect(await database.whyNoQuery('')).toMatch(/one statement, but has none/);
    expect(await database.whyNoQuery('-- nothing')).toMatch(/one statement, but has none/);
    expect(await database.whyNoQuery('SELECT 1')).toBeUndefined();
    expect(readFileSync(join(folder, 'rows.csv'), 'utf8')).toBe('x\n1\n');
    database.close();
  });
});
