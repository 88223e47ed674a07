import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type RawBatch, splitDataset, subset, type TableDataset, tableDataset } from '@polytask/core';
import { describe, expect, it } from 'vitest';
import { encodeRows, onnxPrologue } from '../../../src/index.js';
import { loadTable, type TableOptions } from '../../../src/node/index.js';
import { folderWith } from '../../helpers/folder.js';

const people = [
  { age: 31, town: 'Oslo', member: true, joined: '2021-03-01', income: 41.5, group: 'a' },
  { age: null, town: 'Bergen', member: false, joined: '2021-04-01', income: null, group: 'b' },
  { age: 52, town: 'Oslo', member: true, joined: '2021-05-01', income: 60, group: 'a' },
  { age: 24, town: null, member: false, joined: '2021-06-01', income: 20.25, group: null },
  { age: 47, town: 'Bergen', member: true, joined: '2021-07-01', income: 55, group: 'b' },
  { age: 38, town: 'Oslo', member: false, joined: '2021-08-01', income: null, group: 'a' },
];
const columns = Object.keys(people[0] as object);
const csv = `${[
  columns.join(','),
  ...people.map((row) =>
    Object.values(row)
      .map((value) => value ?? '')
      .join(','),
  ),
].join('\n')}\n`;
const jsonl = people.map((row) => JSON.stringify(row)).join('\n');
const json = JSON.stringify(people);

const options = (folder: string, more: Partial<TableOptions> = {}): TableOptions => ({
  source: join(folder, 'people.csv'),
  labels: [
    { column: 'income', kind: 'number' },
    { column: 'group', kind: 'class' },
  ],
  features: ['age', 'town', 'member', 'joined'],
  cache: join(folder, 'cache'),
  ...more,
});

/** A data set's rows in the order of their ids. */
function inOrder(dataset: TableDataset): RawBatch {
  const order = [...dataset.ids.keys()].sort((a, b) => (dataset.ids[a] as number) - (dataset.ids[b] as number));
  return dataset.gather(order);
}

describe('loadTable', () => {
  it('gives the same rows from CSV, JSON, JSONL and Parquet, and those that objects give', async () => {
    const folder = folderWith({ 'people.csv': csv, 'people.json': json, 'people.jsonl': jsonl });
    const { DuckDBInstance } = await import('@duckdb/node-api');
    const connection = await (await DuckDBInstance.create()).connect();
    await connection.run(`COPY (FROM read_csv('${folder}/people.csv')) TO '${folder}/people.parquet'`);
    connection.closeSync();
    const found = [];
    for (const ending of ['csv', 'json', 'jsonl', 'parquet']) {
      const { train, encoding } = await loadTable(options(folder, { source: join(folder, `people.${ending}`) }));
      const { inputs, columns: labels } = inOrder(train as TableDataset);
      found.push({ inputs, labels });
      // Independently: the objects themselves, encoded one by one.
      const alike = encodeRows(encoding, people, { labels: true });
      expect(inputs.numbers).toEqual(alike.inputs.numbers);
      expect(labels.income?.data).toEqual(alike.columns.income);
      expect(labels.group?.data).toEqual(alike.columns.group);
    }
    expect(found[0]?.labels.income?.data).toEqual(Float32Array.of(41.5, Number.NaN, 60, 20.25, 55, Number.NaN));
    expect(found[0]?.labels.group?.data).toEqual(Int32Array.of(0, 1, 0, -1, 1, 0));
    for (const other of found.slice(1)) expect(other).toEqual(found[0]);
  });

  it('learns from the training rows only', async () => {
    const folder = folderWith({ 'people.csv': csv });
    const { train, test, encoding, record } = await loadTable(
      options(folder, { split: { time: 'joined', test: 0.33 } }),
    );
    expect([train.size, test?.size]).toEqual([4, 2]);
    // Ages of the first four rows: 31, 52 and 24; the indicator for the one that is missing.
    expect(encoding.features[0]).toMatchObject({
      column: 'age',
      missing: 'indicator',
      center: expect.closeTo(107 / 3),
    });
    expect(encoding.labels[0]).toMatchObject({ rows: 3, mean: expect.closeTo((41.5 + 60 + 20.25) / 3) });
    expect(record.split).toMatchObject({ by: 'time', column: 'joined', rows: { train: 4, validation: 0, test: 2 } });
  });

  it('converts once, and gives the same split and rows again', async () => {
    const folder = folderWith({ 'people.csv': csv });
    const split = { test: 0.34, seed: 5 };
    const first = await loadTable(options(folder, { split }));
    const entries = readdirSync(join(folder, 'cache')).sort();
    expect(entries.map((name) => name.replace(/-.*/, ''))).toEqual(['source', 'table']);
    const again = await loadTable(options(folder, { split }));
    expect(readdirSync(join(folder, 'cache')).sort()).toEqual(entries);
    expect(again.record).toEqual(first.record);
    expect((again.train as TableDataset).ids).toEqual((first.train as TableDataset).ids);
    const fresh = await loadTable(options(folder, { split, cache: join(folder, 'other') }));
    expect(fresh.record).toEqual(first.record);
    expect(inOrder(fresh.train as TableDataset)).toEqual(inOrder(first.train as TableDataset));
    const other = await loadTable(options(folder, { split: { ...split, seed: 6 } }));
    expect(other.record.fingerprint).not.toBe(first.record.fingerprint);
  });

  it('streams what is larger than memory: the same rows', async () => {
    const folder = folderWith({ 'people.csv': csv });
    const held = await loadTable(options(folder));
    const streamed = await loadTable(options(folder, { memory: 0 }));
    expect([held.record.streamed, streamed.record.streamed]).toEqual([false, true]);
    const batch = await streamed.train.open({ batchSize: 6 }).next();
    const held0 = (held.train as TableDataset).gather([0, 1, 2, 3, 4, 5]);
    expect(batch).toEqual(held0);
  });

  it('reads what SQL makes of several tables', async () => {
    const folder = folderWith({
      'people.csv': csv,
      'towns.json': '[{"name":"Oslo","size":700},{"name":"Bergen","size":290}]',
    });
    const { train, record } = await loadTable(
      options(folder, {
        source: { people: join(folder, 'people.csv'), towns: join(folder, 'towns.json') },
        sql: 'SELECT p.*, t.size FROM people p LEFT JOIN towns t ON p.town = t.name ORDER BY joined; -- all of them',
        features: ['size'],
      }),
    );
    expect([train.size, record.source.files.map(({ name }) => name)]).toEqual([6, ['people.csv', 'towns.json']]);
    expect(inOrder(train as TableDataset).inputs.numbers?.shape).toEqual([6, 2]);
  });

  it('finds out what columns are, and says what it left out', async () => {
    const ids = Array.from({ length: 20 }, (_, row) => ({ id: `id-${row}`, tags: [1, 2], ok: row % 2 === 0, y: row }));
    const folder = folderWith({ 'rows.json': JSON.stringify(ids) });
    const labels = [{ column: 'y', kind: 'number' }] as const;
    const { record } = await loadTable({ source: join(folder, 'rows.json'), labels, cache: join(folder, 'cache') });
    expect(record.inferred).toEqual({ ok: 'boolean' });
    expect(record.leftOut.map(({ column }) => column)).toEqual(['tags', 'id']);
  });

  it('divides every class by the same shares', async () => {
    const lines = Array.from({ length: 50 }, (_, row) => `${row},${row % 5 === 0 ? 'rare' : 'usual'}`);
    const folder = folderWith({ 'rows.csv': `x,kind\n${lines.join('\n')}\n` });
    const table = { source: join(folder, 'rows.csv'), labels: [{ column: 'kind', kind: 'class' }] } as const;
    const split = { stratify: 'kind', validation: 0.2, test: 0.3 };
    const loaded = await loadTable({ ...table, split, cache: join(folder, 'cache') });
    const counts = [loaded.train, loaded.validation, loaded.test].map((part) => {
      const { targets } = (part as TableDataset).labels('kind');
      return [0, 1].map((id) => [...targets.data].filter((one) => one === id).length);
    });
    expect(counts).toEqual([
      [5, 20],
      [2, 8],
      [3, 12],
    ]);
    expect(loaded.record.split).toMatchObject({ by: 'stratify', column: 'kind', seed: 0 });
  });

  it('is split as core splits', async () => {
    // Shares and sizes only: the order of rows is the cache's own.
    const folder = folderWith({ 'people.csv': csv });
    const { train, test } = await loadTable(options(folder, { split: { test: 1 / 3 } }));
    const x = tableDataset({
      inputs: { x: { data: new Float32Array(6), shape: [6] } },
      columns: { y: new Float32Array(6) },
    });
    const { parts } = splitDataset(x, { train: 2 / 3, test: 1 / 3 }, 0);
    expect([train.size, test?.size]).toEqual([parts.train.size, parts.test.size]);
    expect(subset(train as TableDataset, [0]).size).toBe(1);
  });
});

describe('weights and vectors', () => {
  const lines = Array.from({ length: 12 }, (_, row) => {
    const y = row % 4 === 1 ? '' : row + 0.5;
    return `${row},${row},${y},${row % 3 === 0},${row % 2 === 0 ? 'yes' : row === 5 ? '' : 'no'},${row / 2}`;
  });
  const rows = `a,x,y,three,two,w\n${lines.join('\n')}\n`;
  const vectors = (folder: string, more: Partial<TableOptions> = {}): TableOptions => ({
    source: join(folder, 'rows.csv'),
    labels: [
      { column: 'place', columns: ['x', 'y'], kind: 'number' },
      { column: 'divisors', columns: ['three', 'two'], kind: 'binary' },
      { column: 'y', kind: 'number' },
    ],
    features: ['a'],
    weights: { place: 'w' },
    cache: join(folder, 'cache'),
    ...more,
  });

  it.each([256, 0])('several columns are one label, and rows weigh what a column says, with %i MB', async (memory) => {
    const folder = folderWith({ 'rows.csv': rows });
    const labels = vectors(folder).labels.slice(0, 2);
    const { train } = await loadTable(vectors(folder, { labels, memory }));
    const batch = (await train.open({ batchSize: 12 }).next()) as RawBatch;
    const { place, divisors } = batch.columns;
    expect([place?.shape, divisors?.shape]).toEqual([
      [12, 2],
      [12, 2],
    ]);
    batch.ids.place?.forEach((id, row) => {
      expect([...(place?.data.slice(2 * row, 2 * row + 2) ?? [])]).toEqual([id, id % 4 === 1 ? Number.NaN : id + 0.5]);
      const two = id === 5 ? Number.NaN : +(id % 2 === 0);
      expect([...(divisors?.data.slice(2 * row, 2 * row + 2) ?? [])]).toEqual([+(id % 3 === 0), two]);
      expect(batch.sampleWeights.place?.[row]).toBe(id / 2);
    });
    expect(batch.sampleWeights.divisors).toBeUndefined();
    const stored = await train.labels('place');
    expect([...(stored.weights ?? [])]).toEqual([...stored.ids].map((id) => id / 2));
    expect(stored.targets.shape).toEqual([12, 2]);
  });

  it('one column of weights is for all labels, and no feature', async () => {
    const folder = folderWith({ 'rows.csv': rows });
    const labels = [{ column: 'y', kind: 'number' }] as const;
    const { train, encoding } = await loadTable(
      vectors(folder, { labels, weights: 'w', features: undefined as never }),
    );
    expect(encoding.features.map(({ column }) => column)).toEqual(['a', 'x', 'three', 'two']);
    expect((train as TableDataset).gather([0]).sampleWeights.y).toHaveLength(1);
  });

  it('refuses weights that are none, and columns and labels that are not there', async () => {
    const folder = folderWith({ 'rows.csv': `${rows}12,1,1,true,yes,-1\n13,1,1,true,yes,\n` });
    await expect(loadTable(vectors(folder, { labels: vectors(folder).labels.slice(0, 2) }))).rejects.toThrow(
      /rows.csv, row 13, column `w`: a weight must be a number from 0, but is -1[\s\S]*row 14.*but is none/,
    );
    await expect(loadTable(vectors(folder, { weights: 'v' }))).rejects.toThrow(/no column `v`/);
    await expect(loadTable(vectors(folder, { weights: { z: 'w' } }))).rejects.toThrow(/columns by label/);
    await expect(loadTable(vectors(folder))).rejects.toThrow(/column `y` is named twice/);
  });
});

describe('loadTable refuses', () => {
  const rows = (text: string) => ({ 'people.csv': text });
  const cases: [string, Record<string, string>, Partial<TableOptions> & { file?: string }, RegExp, unknown[]][] = [
    ['a file that is not there', {}, {}, /there is no file .*people.csv/, ['source']],
    ['an empty file', rows(''), {}, /must hold rows, but is empty/, ['source']],
    ['a header without rows', rows('age,income\n'), { features: ['age'] }, /must have a row/, ['source']],
    ['a file of no known kind', { 'people.xls': 'x' }, { file: 'people.xls' }, /whose name ends in/, ['source']],
    ['broken JSON', { 'people.json': '[{"a":1},' }, { file: 'people.json' }, /broken|cannot be read/, ['source']],
    ['broken Parquet', { 'people.parquet': 'PAR1' }, { file: 'people.parquet' }, /cannot be read/, ['source']],
    ['a column that is not there', rows(csv), { features: ['agee'] }, /Did you mean `age`/, ['features', 0]],
    [
      'a label that is not there',
      rows(csv),
      { labels: [{ column: 'x', kind: 'number' }] },
      /no column `x`/,
      ['labels', 'x'],
    ],
    ['an exclusion that is not there', rows(csv), { exclude: ['x'] }, /no column `x`/, ['exclude', 0]],
    [
      'a split by what is not there',
      rows(csv),
      { split: { group: 'x', test: 0.5 } },
      /no column `x`/,
      ['split', 'group'],
    ],
    ['a label as a feature', rows(csv), { features: ['income'] }, /is the label column/, ['features', 0]],
    [
      'a column all NULL',
      rows('age,income,group\n,1,a\n,2,b\n'),
      { features: { age: 'number' } },
      /NULL in all rows/,
      ['features', 'age'],
    ],
    [
      'labels all NULL',
      rows('age,income,group\n1,,a\n2,,b\n'),
      { features: ['age'] },
      /NULL in all rows/,
      ['labels', 'income'],
    ],
    [
      'missing values under error',
      rows(csv),
      { features: { age: { type: 'number', missing: 'error' } } },
      /row 2, column `age`/,
      ['maxBadRows'],
    ],
    [
      'infinity under error',
      rows('age,income,group\ninf,1,a\n2,2,b\n'),
      { features: { age: { type: 'number', missing: 'error' } } },
      /has "Infinity"/,
      ['maxBadRows'],
    ],
    [
      'no feature',
      rows('income,group\n1,a\n2,b\n'),
      { features: undefined as never },
      /must be a feature/,
      ['features'],
    ],
    ['SQL that writes', rows(csv), { sql: "COPY (SELECT 1) TO 'x.csv'" }, /cannot be run|must be a SELECT/, ['sql']],
    ['two statements', rows(csv), { sql: 'SELECT 1; SELECT 2' }, /one statement, but has 2/, ['sql']],
    ['SQL with a mistake', rows(csv), { sql: 'SELECT agee FROM data' }, /agee/, ['sql']],
    ['named tables without SQL', rows(csv), { source: { a: 'x.csv' } }, /for `sql`/, ['source']],
  ];
  it.each(cases)('%s', async (_, files, { file, ...more }, message, place) => {
    const folder = folderWith(files);
    const given = options(folder, { ...(file === undefined ? {} : { source: join(folder, file) }), ...more });
    const error = await loadTable(given).then(
      () => undefined,
      (thrown: Error & { code?: string; place?: unknown }) => thrown,
    );
    expect(error?.message).toMatch(message);
    expect([error?.code, error?.place]).toEqual(['POLYTASK_DATASET', place]);
    const left = existsSync(given.cache as string) ? readdirSync(given.cache as string) : [];
    expect(left.filter((name) => name.startsWith('making-'))).toEqual([]);
  });

  it('a class for testing that training never saw', async () => {
    const text = 'age,income,group,part\n1,1,a,train\n2,2,b,train\n3,3,c,test\n4,4,c,validation\n';
    const folder = folderWith(rows(text));
    const split = { column: 'part' };
    await expect(loadTable(options(folder, { features: ['age'], split }))).rejects.toThrow(
      /no training row has class "c" of `group`; they have `a`, `b`/,
    );
    const classes = ['a', 'b', 'c'];
    const labels = [{ column: 'group', kind: 'class', classes }] as const;
    await expect(loadTable(options(folder, { features: ['age'], split, labels }))).rejects.toThrow(
      /no training row has class "c"/,
    );
  });
});

describe('bad rows', () => {
  const text = 'age,income,group\n31,1,a\nold,2,b\n33,3,a,4\n35,many,b\n36,5,a\n';

  it('are told with file, line, column and reason, and stop the run', async () => {
    const folder = folderWith({ 'people.csv': text });
    const features = { age: 'number' } as const;
    const error = await loadTable(options(folder, { features })).catch((thrown: Error) => thrown);
    expect((error as Error).message).toBe(
      [
        'all rows must be right, but 3 cannot be used:',
        '  people.csv:3, column `age`: "old" is no number',
        '  people.csv:4: the line has 4 values, but there are 3 columns',
        '  people.csv:5, column `income`: "many" is no number',
        'Correct them, or leave them out with `maxBadRows: 3`.',
      ].join('\n'),
    );
  });

  it('are left out and counted up to the limit', async () => {
    const folder = folderWith({ 'people.csv': text });
    const features = { age: 'number' } as const;
    const { train, record } = await loadTable(options(folder, { features, maxBadRows: 3 }));
    expect([train.size, record.badRows.count]).toEqual([2, 3]);
    await expect(loadTable(options(folder, { features, maxBadRows: 2 }))).rejects.toThrow(
      /at most 2 rows may be wrong/,
    );
  });

  it('in JSONL are lines', async () => {
    const folder = folderWith({ 'people.jsonl': `${jsonl}\n{"age": 3,\n${jsonl}\n` });
    const source = join(folder, 'people.jsonl');
    await expect(loadTable(options(folder, { source }))).rejects.toThrow(/people.jsonl:7 is no JSON/);
    const { train, record } = await loadTable(options(folder, { source, maxBadRows: 1 }));
    expect([train.size, record.badRows.first]).toEqual([
      12,
      [{ file: 'people.jsonl', line: 7, reason: 'no JSON: {"age": 3,' }],
    ]);
  });
});

describe('inputs under other names', () => {
  const named = (folder: string, memory: number) =>
    options(folder, {
      features: { age: { type: 'number' }, town: { type: 'category', encoding: 'embedding' } },
      inputs: { numbers: 'facts', categories: 'places' },
      memory,
    });

  it.each([256, 0])('reach data sets, rows encoded later and exported models, with %i MB of memory', async (memory) => {
    const folder = folderWith({ 'people.csv': csv });
    const { inputs: _, ...usual } = named(folder, memory);
    const [renamed, plain] = [await loadTable(named(folder, memory)), await loadTable(usual)];
    expect(renamed.train.inputs).toEqual({ facts: plain.train.inputs.numbers, places: plain.train.inputs.categories });
    const first = async ({ train }: typeof plain) => train.open({ batchSize: 8 }).next();
    const [a, b] = [await first(renamed), await first(plain)];
    expect(a?.inputs.facts).toEqual(b?.inputs.numbers);
    expect(a?.inputs.places).toEqual(b?.inputs.categories);
    expect(a?.inputs.places?.data.length).toBe(6);
    const encoded = ({ encoding }: typeof plain) => encodeRows(encoding, [{ age: 3, town: 'Oslo' }]).inputs;
    expect(encoded(renamed)).toEqual({ facts: encoded(plain).numbers, places: encoded(plain).categories });
    expect(Object.keys(onnxPrologue(renamed.encoding).outputs)).toEqual(['facts', 'places']);
  });

  it('are two different names', async () => {
    const same = { ...named(folderWith({ 'people.csv': csv }), 0), inputs: { numbers: 'categories' } };
    await expect(loadTable(same)).rejects.toThrow(/`inputs` must be two different names/);
  });
});
