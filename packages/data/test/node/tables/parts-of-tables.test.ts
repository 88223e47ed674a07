// Which rows are for what, and what several labels in one column become.
import { join } from 'node:path';
import type { TableDataset } from '@polytask/core';
import { describe, expect, it } from 'vitest';
import { loadTable, readRows, type TableOptions } from '../../../src/node/index.js';
import { folderWith } from '../../helpers/folder.js';

const csv = (header: string, lines: readonly string[]) => [header, ...lines, ''].join('\n');
const rows = (count: number, line: (row: number) => string) => Array.from({ length: count }, (_, row) => line(row));
const y = [{ column: 'y', kind: 'number' }] as const;
const idsOf = (part: unknown) => [...(part as TableDataset).ids].sort((a, b) => a - b);

describe('files for parts', () => {
  const files = {
    'train.csv': csv(
      'x,kind,y',
      rows(40, (row) => `${row},${'ab'[row % 2]},${row}`),
    ),
    'later.csv': csv(
      'x,kind,y',
      rows(10, (row) => `${row + 100},c,${row}`),
    ),
    'few.csv': csv('x,y', ['1,2']),
  };
  const load = (more: Partial<TableOptions>) => {
    const folder = folderWith(files);
    const at = (name: string) => join(folder, name);
    const { files: named = {}, ...others } = more;
    return loadTable({
      ...{ source: at('train.csv'), cache: at('cache'), labels: y },
      files: Object.fromEntries(Object.entries(named).map(([part, name]) => [part, at(String(name))])),
      ...others,
    });
  };

  it('are for what they are named for; row numbers go on from one to the next', async () => {
    const { train, validation, test, record, encoding } = await load({ files: { test: 'later.csv' } });
    expect([train.size, validation, test?.size]).toEqual([40, undefined, 10]);
    expect(idsOf(test)).toEqual(Array.from({ length: 10 }, (_, row) => 40 + row));
    expect(record.split).toMatchObject({ by: 'files', rows: { train: 40, validation: 0, test: 10 } });
    // What is learned is of the training rows alone.
    const [x, kind] = encoding.features;
    expect(x).toMatchObject({ column: 'x', center: expect.closeTo(19.5, 9) });
    expect(kind).toMatchObject({ column: 'kind', values: ['a', 'b'] });
  });

  it('leave validation rows to be set apart among those for training', async () => {
    const split = { validation: 0.25, stratify: 'kind' };
    const { train, validation, test } = await load({ files: { test: 'later.csv' }, split });
    expect([train.size, validation?.size, test?.size]).toEqual([30, 10, 10]);
    const both = await load({ files: { validation: 'later.csv', test: 'train.csv' }, split });
    expect([both.train.size, both.validation?.size, both.test?.size]).toEqual([40, 10, 40]);
  });

  it('must have the columns of the training rows, and say alone what is tested', async () => {
    await expect(load({ files: { test: 'few.csv' } })).rejects.toMatchObject({ place: ['split', 'files', 'test'] });
    await expect(load({ files: { test: 'few.csv' } })).rejects.toThrow(/no column `kind`/);
    await expect(load({ files: { test: 'none.csv' } })).rejects.toMatchObject({ place: ['split', 'files', 'test'] });
    const other = load({ files: { test: 'later.csv' }, split: { test: 0.2 } });
    await expect(other).rejects.toThrow(/leave `test` out/);
  });
});

it('joins rare classes, in every part, and says so', async () => {
  const lines = rows(60, (row) => `${row},${row < 40 ? 'a' : row < 55 ? 'b' : `rare${row}`}`);
  const folder = folderWith({ 't.csv': csv('x,y', lines) });
  const options = {
    ...{ source: join(folder, 't.csv'), cache: join(folder, 'cache') },
    split: { test: 0.5 },
  };
  const plain = loadTable({ ...options, labels: [{ column: 'y', kind: 'class' }] });
  await expect(plain).rejects.toThrow(/no training row has class "rare/);
  const { encoding, record, train, test } = await loadTable({
    ...options,
    labels: [{ column: 'y', kind: 'class', minCount: 3, other: 'rest' }],
  });
  expect(encoding.labels[0]).toMatchObject({ classes: ['a', 'b', 'rest'], joined: 'rest' });
  expect(record.notes.join()).toContain('classes of fewer than 3 training rows are one, `rest`');
  const all = [train, test].flatMap((part) => [...(part as TableDataset).labels('y').targets.data]);
  expect(all.filter((id) => id === 2)).toHaveLength(5);
  // Stratified, a class of one row is learned and not tested.
  const { test: tested } = await loadTable({
    ...options,
    labels: [{ column: 'y', kind: 'class' }],
    split: { test: 0.5, stratify: 'y' },
  });
  expect(new Set((tested as TableDataset).labels('y').targets.data)).toEqual(new Set([0, 1]));
});

describe('several labels in one column', () => {
  const expected = [1, 0, 1, 1, 1, 0, Number.NaN, Number.NaN, Number.NaN, 0, 0, 0];
  const labels = [{ column: 'tags', kind: 'set' }] as const;
  // Rows: three labels out of drama, noir and war.
  const repeated = <Row>(some: readonly Row[]) => Array.from({ length: 5 }, () => some).flat();
  const dataOf = async (part: unknown) => {
    const dataset = part as TableDataset;
    const { data, shape } = dataset.labels('tags').targets;
    expect(shape).toEqual([20, 3]);
    const byId = [...dataset.ids].map((id, row) => [id, [...data.slice(3 * row, 3 * row + 3)]] as const);
    return byId
      .sort(([a], [b]) => a - b)
      .flatMap(([, values]) => values)
      .slice(0, 12);
  };

  it('are read from texts, and from lists of JSON', async () => {
    const texts = repeated(['war|drama', 'noir|drama', '', '[]']);
    const lists = repeated([['war', 'drama'], ['noir', 'drama'], null, []]);
    const jsonl = lists.map((tags, x) => JSON.stringify({ x, tags })).join('\n');
    const folder = folderWith({
      't.csv': csv(
        'x,tags',
        texts.map((tags, x) => `${x},${tags}`),
      ),
      't.jsonl': jsonl,
    });
    for (const name of ['t.csv', 't.jsonl']) {
      const source = join(folder, name);
      const { train, encoding, reading } = await loadTable({ source, cache: join(folder, 'cache'), labels });
      expect(encoding.labels[0]).toMatchObject({ kind: 'set', classes: ['drama', 'noir', 'war'], rows: 15 });
      expect(await dataOf(train), name).toEqual(expected);
      const again = [];
      for await (const some of readRows(source, { encoding, reading, labels: 'there' })) again.push(...some);
      expect(again[1]?.tags, name).toMatch(/noir/);
    }
  });

  it('are no feature where they are lists', async () => {
    const folder = folderWith({
      't.jsonl': repeated([1, 2])
        .map((x) => JSON.stringify({ x, y: x, tags: ['a', 'b'] }))
        .join('\n'),
    });
    const source = join(folder, 't.jsonl');
    const { record, encoding } = await loadTable({ source, cache: join(folder, 'cache'), labels: y });
    expect(encoding.features.map(({ column }) => column)).toEqual(['x']);
    expect(record.leftOut).toEqual([{ column: 'tags', reason: expect.stringContaining('a list of values') }]);
    const asked = loadTable({ source, cache: join(folder, 'cache'), labels: y, features: ['x', 'tags'] });
    await expect(asked).rejects.toThrow(/column `tags`: a list of values is no feature/);
  });
});

it('encodes features as an earlier table has taught, and learns labels anew', async () => {
  const folder = folderWith({
    'first.csv': csv(
      'x,kind,y',
      rows(20, (row) => `${row},${'ab'[row % 2]},${row}`),
    ),
    'second.csv': csv(
      'x,kind,more,y',
      rows(20, (row) => `${row + 50},${'bc'[row % 2]},7,${10 * row}`),
    ),
    'lacking.csv': csv('x,y', ['1,2', '2,3']),
  });
  const load = (name: string, more: Partial<TableOptions> = {}) =>
    loadTable({ source: join(folder, name), cache: join(folder, 'cache'), labels: y, ...more });
  const { encoding } = await load('first.csv');
  const second = await load('second.csv', { encoding });
  expect(second.encoding.features).toEqual(encoding.features);
  expect(second.encoding.labels[0]).toMatchObject({ mean: expect.closeTo(95, 9) });
  const batch = await (second.train as TableDataset).gather([0]);
  // x, and the share of both known kinds or the one of b: 1 number and two places of one-hot, unknown first.
  expect(batch.inputs.numbers?.shape).toEqual([1, 4]);
  await expect(load('lacking.csv', { encoding })).rejects.toThrow(/no column `kind`/);
});

it('tells of names of classes that no row has once, and that it is they which are wrong', async () => {
  const lines = rows(500, (row) => `${row},${row % 3 ? 'none' : 'some'}`);
  const folder = folderWith({ 't.csv': csv('x,y', lines) });
  const error = await loadTable({
    ...{ source: join(folder, 't.csv'), cache: join(folder, 'cache') },
    labels: [{ column: 'y', kind: 'binary', classes: ['no', 'yes'] }],
  }).catch((caught: Error) => caught);
  const text = (error as Error).message;
  expect(text.split('\n')).toHaveLength(5);
  expect(text).toContain('t.csv, row 1, column `y`: "some" is not one of the classes `no`, `yes`');
  expect(text).toContain('and 498 more');
  expect(text).toContain('No value of `y` can be used: look at what the run says of it');
  expect(text).not.toContain('maxBadRows');
});

it('splits by the order of numbers, whether some of them look like days or not', async () => {
  // A counter that passes 20240131, a day, and 20240132, which is none.
  const lines = rows(100, (row) => `${20_240_100 + row},${row}`);
  const folder = folderWith({ 't.csv': csv('counter,y', lines) });
  const { test, validation } = await loadTable({
    ...{ source: join(folder, 't.csv'), cache: join(folder, 'cache'), labels: y, features: ['counter'] },
    split: { time: 'counter', validation: 0.1, test: 0.2 },
  });
  expect(idsOf(test)).toEqual(Array.from({ length: 20 }, (_, row) => 80 + row));
  expect(idsOf(validation)).toEqual(Array.from({ length: 10 }, (_, row) => 70 + row));
});
