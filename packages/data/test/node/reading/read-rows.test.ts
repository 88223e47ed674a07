import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { encodeRows, learnTable, type RawRow } from '../../../src/index.js';
import { readRows } from '../../../src/node/index.js';
import { folderWith } from '../../helpers/folder.js';

const rows = [
  { id: 'r1', size: 1.5, kind: '01', on: '2024-01-31', ok: true, y: 3 },
  { id: 'r2', size: null, kind: '1', on: '2024-02-29', ok: false, y: 4 },
  { id: 'r3', size: 3, kind: null, on: null, ok: null, y: 5 },
];
const encoding = learnTable(rows, {
  features: [
    { column: 'size', type: 'number' },
    { column: 'kind', type: 'category', minCount: 1 },
    { column: 'on', type: 'date' },
    { column: 'ok', type: 'boolean' },
  ],
  labels: [{ column: 'y', kind: 'number' }],
});
const csv = `id,size,kind,on,ok,y\n${rows
  .map((row) =>
    Object.values(row)
      .map((value) => value ?? '')
      .join(','),
  )
  .join('\n')}\n`;
const jsonl = rows.map((row) => JSON.stringify(row)).join('\n');

async function all(...args: Parameters<typeof readRows>): Promise<RawRow[]> {
  const found: RawRow[] = [];
  for await (const some of readRows(...args)) found.push(...some);
  return found;
}

describe('readRows', () => {
  it.each([
    ['rows.csv', csv],
    ['rows.jsonl', jsonl],
    ['rows.json', JSON.stringify(rows)],
  ])('reads %s so that it is encoded like the objects themselves', async (name, text) => {
    const found = await all(join(folderWith({ [name]: text }), name), { encoding, labels: true });
    expect(found.map(({ id }) => id)).toEqual(['r1', 'r2', 'r3']);
    expect(encodeRows(encoding, found, { labels: true })).toEqual(encodeRows(encoding, rows, { labels: true }));
  });

  it('says what columns look like that should have numbers', async () => {
    const german = csv.replaceAll(',', ';').replace('1.5', '1,5');
    const file = join(folderWith({ 'rows.csv': german }), 'rows.csv');
    const told: unknown[] = [];
    const found = await all(file, { encoding, onBadLines: (badRows) => told.push(badRows) });
    expect(found[0]?.size).toBe('1,5');
    const advice = ["The numbers of `size` look like decimal commas: `csv: { decimal: ',' }`."];
    expect(told).toEqual([{ count: 0, first: [], advice }]);
    const [read] = await all(file, { encoding, csv: { decimal: ',' }, onBadLines: (badRows) => told.push(badRows) });
    expect([read?.size, told.length]).toEqual([1.5, 1]);
  });

  it('reads standard input, and leaves nothing behind', async () => {
    const spooled = () => readdirSync(tmpdir()).filter((name) => name.startsWith('polytask-rows-')).length;
    const before = spooled();
    expect(await all(Readable.from([csv]), { encoding })).toHaveLength(3);
    expect(await all(Readable.from([jsonl]), { encoding, format: 'jsonl' })).toHaveLength(3);
    expect(spooled()).toBe(before);
  });

  it('does without labels, unless they are asked for', async () => {
    const file = join(folderWith({ 'rows.csv': 'size,kind,on,ok\n1,1,2024-01-01,true\n' }), 'rows.csv');
    expect(await all(file, { encoding })).toHaveLength(1);
    await expect(all(file, { encoding, labels: true })).rejects.toThrow(/no column `y`/);
  });

  it('reads through the SQL of the training data', async () => {
    const file = join(folderWith({ 'rows.csv': csv.replace('size', 'length') }), 'rows.csv');
    const found = await all(file, { encoding, sql: 'SELECT *, length AS size FROM things', table: 'things' });
    expect(encodeRows(encoding, found)).toEqual(encodeRows(encoding, rows));
    await expect(all(file, { encoding, sql: 'DROP VIEW data' })).rejects.toThrow(/must be a SELECT/);
  });

  it('refuses what cannot be read', async () => {
    const folder = folderWith({ 'rows.csv': 'size,kindd\n1,2\n', 'wide.csv': `${csv}1,2,3,4,5,6,7,8\n` });
    await expect(all(join(folder, 'rows.csv'), { encoding })).rejects.toThrow(/no column `kind`.*Did you mean `kindd`/);
    await expect(all(join(folder, 'none.csv'), { encoding })).rejects.toThrow(/there is no file/);
    await expect(all(join(folder, 'wide.csv'), { encoding })).rejects.toThrow(/wide\.csv:5: the line has \d values/);
  });
});
