// SQL that a database does not get out of by itself, each in a process of its own.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { loadTable, readRows } from '../../../src/node/index.js';
import { openDatabase } from '../../../src/node/reading/duckdb.js';
import { folderWith } from '../../helpers/folder.js';

afterEach(() => vi.unstubAllEnvs());

const endless = 'WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT 1 FROM r) SELECT count(*) AS y FROM r';
const labels = [{ column: 'y', kind: 'number' }] as const;

function table(sql: string, more: { sqlTimeout?: number } = {}) {
  const folder = folderWith({ 'rows.csv': 'x,y\n1,2\n2,3\n' });
  return loadTable({ source: join(folder, 'rows.csv'), sql, labels, cache: join(folder, 'cache'), ...more });
}

describe('a database in a process of its own', () => {
  it('gives what one in this process gives', async () => {
    const sql =
      "SELECT i::DOUBLE AS d, i, 'ä' || i AS t, i % 2 = 0 AS b, DATE '2020-01-01' + i::INT AS day, " +
      'CASE WHEN i > 2 THEN i::DOUBLE END AS n, uuid_extract_version(NULL::UUID) AS u FROM range(5000) r(i)';
    const read = async (apart?: { megabytes: number }) => {
      const database = await openDatabase({ files: [], threads: 1, memory: 128, ...(apart && { apart }) });
      try {
        const chunks = [];
        for await (const chunk of database.chunks(sql)) chunks.push(chunk);
        return { chunks, rows: await database.rows(`SELECT * FROM (${sql}) LIMIT 3`) };
      } finally {
        database.close();
      }
    };
    const there = await read({ megabytes: 1000 });
    expect(there).toEqual(await read());
    expect(there.chunks.map(({ size }) => size)).toEqual([2048, 2048, 904]);
  });

  it.each([
    ['a list', 'SELECT *, len(range(3000000000)) AS l FROM data'],
    ['a text', "SELECT *, len(repeat('x', 1000000000)) AS l FROM data"],
  ])('ends where %s takes more memory than it may', async (_, sql) => {
    vi.stubEnv('POLYTASK_SQL_MEMORY', '0.4');
    const error = await table(sql).catch((one: unknown) => one);
    expect(error).toMatchObject({ code: 'POLYTASK_DATASET', place: ['sql'] });
    expect((error as Error).message).toMatch(/more than 0\.4 GB of memory.*POLYTASK_SQL_MEMORY/);
  });

  it('ends where SQL takes longer than it may', async () => {
    await expect(table(endless, { sqlTimeout: 1 })).rejects.toThrow(/took longer than 1 s.*sqlTimeout/);
    const folder = folderWith({ 'rows.csv': 'x,y\n1,2\n2,3\n' });
    const source = join(folder, 'rows.csv');
    const encoding = { format: 1, features: [], labels: [] } as const;
    const rows = readRows(source, { encoding, sql: endless, sqlTimeout: 1 });
    await expect(rows.next()).rejects.toThrow(/took longer than 1 s/);
  });

  it.each([
    ['at all', endless],
    // DuckDB does not look at interrupts here.
    ['where the database does not listen', 'SELECT *, len(range(300000000 + x::BIGINT)) AS l FROM data'],
  ])('ends at once when it is told to, %s', async (_, sql) => {
    const stop = new AbortController();
    const folder = folderWith({ 'rows.csv': 'x,y\n1,2\n2,3\n' });
    const cache = join(folder, 'cache');
    const work = loadTable({ source: join(folder, 'rows.csv'), sql, labels, cache, signal: stop.signal });
    work.catch(() => {});
    // The file that rows go to is there as soon as the query runs.
    const files = () => readdirSync(cache, { recursive: true }).map(String);
    await vi.waitFor(() => expect(files().some((name) => name.endsWith('.parquet'))).toBe(true), 30_000);
    const told = performance.now();
    stop.abort();
    await expect(work).rejects.toBe(stop.signal.reason);
    expect(performance.now() - told).toBeLessThan(1000);
    expect(readdirSync(cache)).toEqual([]);
  });

  it('ends at once when it is told to, also rows of a file and of a stream that goes on for ever', async () => {
    const encoding = { format: 1, features: [], labels: [] } as const;
    const source = join(folderWith({ 'rows.csv': 'x,y\n1,2\n' }), 'rows.csv');
    const rest = new Readable({ read() {} });
    rest.push('x,y\n1,2\n');
    for (const [from, sql] of [
      [source, { sql: endless }],
      [rest, {}],
    ] as const) {
      const stop = new AbortController();
      const first = readRows(from, { encoding, ...sql, signal: stop.signal }).next();
      first.catch(() => {});
      setImmediate(() => stop.abort());
      const error = await first.catch((one: unknown) => one);
      expect(error).toBe(stop.signal.reason);
      expect(error).toMatchObject({ name: 'AbortError' });
      const late = readRows(from, { encoding, ...sql, signal: stop.signal }).next();
      await expect(late).rejects.toBe(stop.signal.reason);
    }
  });

  it('takes nobody with it when it crashes', async () => {
    const database = await openDatabase({ files: [], threads: 1, memory: 128, apart: { megabytes: 1000 } });
    const deep = `'${'['.repeat(200_000)}${']'.repeat(200_000)}'`;
    await expect(database.rows(`SELECT json_structure(${deep}::JSON)`)).rejects.toThrow(/crashed|depth|malformed/i);
    database.close();
    await expect(database.rows('SELECT 1')).rejects.toThrow();
  });
});
