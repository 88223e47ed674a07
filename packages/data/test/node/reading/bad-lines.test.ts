// Lines of CSV that are no rows: which, how many, and at what cost.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { TableDataset } from '@polytask/core';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { loadTable, readRows } from '../../../src/node/index.js';
import { badCsvLines } from '../../../src/node/reading/bad-lines.js';
import type { BadRows } from '../../../src/node/reading/bad-rows.js';
import { type Database, openDatabase } from '../../../src/node/reading/duckdb.js';
import { readerSql } from '../../../src/node/reading/reader-sql.js';
import { sourceFiles } from '../../../src/node/reading/source-files.js';
import { folderWith } from '../../helpers/folder.js';

afterEach(() => vi.unstubAllEnvs());

/** What is found, and what the database was asked for. */
async function look(contents: string | Uint8Array, name = 'rows.csv', numbers: string[] = []) {
  const path = join(folderWith({ [name]: contents }), name);
  const files = await sourceFiles(path, []);
  const database = await openDatabase({ files: [path], threads: 1, memory: 512 });
  const asked: string[] = [];
  const counted: Database = {
    ...database,
    rows(sql) {
      asked.push(sql);
      return database.rows(sql);
    },
  };
  try {
    const reader = await readerSql(counted, files, [], {}, { numbers, texts: [] });
    const bad = await badCsvLines(counted, [reader]);
    return { bad, asked };
  } finally {
    database.close();
  }
}

const rows = (count: number, line = (n: number) => `${n},${n + 0.5},x`) =>
  Array.from({ length: count }, (_, n) => line(n));
const lines = (...all: string[]) => `${all.join('\n')}\n`;
const numbersOf = ({ first }: BadRows) => first.map(({ line }) => line);

describe('lines that are no rows', () => {
  it('are found with their places and reasons', async () => {
    const text = lines('a,b,c', '1,2,"x"', '3,4', '5,6,y,7,8', '9,"two\nlines",z', 'many,12,w', '13,14,v', 'few,15');
    const { bad } = await look(text, 'rows.csv', ['a']);
    expect(bad).toEqual({
      count: 4,
      first: [
        { file: 'rows.csv', line: 3, reason: 'the line has 2 values, but there are 3 columns' },
        { file: 'rows.csv', line: 4, reason: 'the line has 4 values, but there are 3 columns' },
        { file: 'rows.csv', line: 6, column: 'a', reason: '"many" is no number' },
        { file: 'rows.csv', line: 8, reason: 'the line has 2 values, but there are 3 columns' },
      ],
    });
  });

  it('are counted all, and the first ten described', async () => {
    const bad = [5, 17, 18, 40, 41, 42, 43, 44, 45, 46, 47, 48, 90];
    const text = lines('a,b,c', ...rows(100, (n) => (bad.includes(n) ? `${n}` : `${n},${n + 0.5},x`)));
    for (const [contents, name] of [
      [text, 'rows.csv'],
      [gzipSync(text), 'rows.csv.gz'],
      [text.replaceAll(',', ';').replaceAll('\n', '\r\n'), 'rows.txt'],
    ] as const) {
      const found = (await look(contents, name)).bad;
      expect([found.count, numbersOf(found)]).toEqual([13, bad.slice(0, 10).map((n) => n + 2)]);
    }
  });

  it('are found also where there is no header, and where all are so', async () => {
    const noHeader = await look(lines('1,2,3', '4,5', '6,7,8', '9,10,11'));
    expect([noHeader.bad.count, numbersOf(noHeader.bad)]).toEqual([1, [2]]);
    const all = await look(lines('a,b,c,d', ...rows(30, (n) => `${n},1`)));
    expect([all.bad.count, all.bad.first.length]).toEqual([30, 10]);
  });

  it('are none where there are none', async () => {
    const { bad, asked } = await look(lines('a,b,c', ...rows(20)));
    expect(bad).toEqual({ count: 0, first: [] });
    expect(asked).toHaveLength(2);
  });
});

describe('the cost', () => {
  const short = (columns: number, count: number) =>
    lines(Array.from({ length: columns }, (_, n) => `h${n}`).join(','), ...Array<string>(count).fill('1'));

  it('does not grow with lines × columns: the same questions, and no list of every value that is missing', async () => {
    const [few, many] = [await look(short(30, 100)), await look(short(3000, 20_000))];
    expect([few.bad.count, many.bad.count]).toEqual([100, 20_000]);
    expect(many.bad.first[9]).toMatchObject({ line: 11, reason: 'the line has 1 values, but there are 3000 columns' });
    expect(many.asked.length).toBe(few.asked.length);
    expect(many.asked.length).toBeLessThanOrEqual(1 + 10 + 2);
    for (const sql of many.asked) expect(sql).not.toContain('store_rejects');
  });

  // A list of 60 million missing values, or of a million copies of a long line, would not fit.
  it.each([
    [
      'short lines in a wide table',
      short(3000, 20_000),
      /20000 cannot be used[\s\S]*rows.csv:2: the line has 1 values/,
    ],
    [
      'a line with a million values too many',
      lines('x,y', '1,2', `3,4${',5'.repeat(900_000)}`, '6,7'),
      /1 cannot be used[\s\S]*rows.csv:3: the line has 3 values, but there are 2 columns/,
    ],
  ])('is bounded for %s', async (_, text, message) => {
    vi.stubEnv('POLYTASK_SQL_MEMORY', '0.6');
    const folder = folderWith({ 'rows.csv': text });
    const source = join(folder, 'rows.csv');
    const label = text.startsWith('x') ? 'y' : 'h1';
    const table = { source, labels: [{ column: label, kind: 'number' }] as const, cache: join(folder, 'cache') };
    await expect(loadTable(table)).rejects.toThrow(message);
    const encoding = { format: 1, features: [], labels: [] } as const;
    await expect(readRows(source, { encoding }).next()).rejects.toThrow(/rows.csv:\d+: the line has/);
  });
});

describe('several files', () => {
  const load = async (files: { [name: string]: string }, maxBadRows = 0) => {
    const folder = folderWith(Object.fromEntries(Object.entries(files).map(([name, text]) => [`t/${name}`, text])));
    const cache = join(folder, 'cache');
    const labels = [{ column: 'y', kind: 'number' }] as const;
    return loadTable({ source: join(folder, 't'), labels, features: ['x'], cache, maxBadRows, split: {} });
  };
  const valuesOf = (train: TableDataset) =>
    [...(train.gather([...train.ids.keys()]).columns.y?.data ?? [])].sort((a, b) => a - b);

  it('are read by names of columns, each as it is written', async () => {
    const loaded = await load({
      'a.csv': lines('x,y', '1,10', '2,20'),
      'b.csv': lines('y;x;more', '30;3;p', '40;4;q'),
      'c.csv': lines('Y,X', '50,5', '60,6'),
      'd.csv': lines('x,y', '7,70.5', '8,80'),
    });
    expect(loaded.train.size).toBe(8);
    expect(valuesOf(loaded.train as TableDataset)).toEqual([10, 20, 30, 40, 50, 60, 70.5, 80]);
  });

  it('are refused where one lacks a column, by its name', async () => {
    await expect(load({ 'a.csv': lines('x,y', '1,2'), 'b.csv': lines('x,z', '1,2') })).rejects.toThrow(
      /the same columns, but b\.csv has no `y`, which a\.csv has/,
    );
  });

  it('have the bad lines of each told under its name', async () => {
    const files = { 'a.csv': lines('x,y', '1,2', '3', '5,6'), 'b.csv': lines('x,y', '7,8', '9,10,11') };
    await expect(load(files)).rejects.toThrow(/2 cannot be used:\n +a\.csv:3: .*\n +b\.csv:3: /);
    const { train, record } = await load(files, 2);
    expect([train.size, record.badRows.count]).toEqual([3, 2]);
  });
});

it('CSV and JSONL with bad lines can be tables of one query', async () => {
  const folder = folderWith({ 'a.csv': lines('x,y', '1,2', '3', '5,6'), 'b.jsonl': '' });
  writeFileSync(join(folder, 'b.jsonl'), lines('{"x": 1, "z": 5}', '{"x": 5, "z": ', '{"x": 5, "z": 7}'));
  const options = {
    source: { a: join(folder, 'a.csv'), b: join(folder, 'b.jsonl') },
    sql: 'SELECT x, y, z FROM a JOIN b USING (x)',
    labels: [{ column: 'y', kind: 'number' }] as const,
    cache: join(folder, 'cache'),
  };
  const { train, record } = await loadTable({ ...options, maxBadRows: 2 });
  expect(train.size).toBe(2);
  expect(record.badRows.first.map(({ file, line }) => `${file}:${line}`).sort()).toEqual(['a.csv:3', 'b.jsonl:2']);
});
