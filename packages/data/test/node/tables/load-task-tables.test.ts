import { join } from 'node:path';
import { perTaskDatasets, type RawBatch, type TableDataset } from '@polytask/core';
import { describe, expect, it } from 'vitest';
import { rowsPerTask } from '../../../src/index.js';
import { loadTaskTables, type TaskTablesOptions } from '../../../src/node/index.js';
import { folderWith } from '../../helpers/folder.js';

const homes = `size,town,price,note,weight\n${Array.from({ length: 20 }, (_, i) => `${i},Oslo,${10 * i},n${i},${i}`).join('\n')}\n`;
const flats = `town,size,grade,price\n${Array.from({ length: 10 }, (_, i) => `Bergen,${100 + i},${i % 2 ? 'good' : 'bad'},7`).join('\n')}\n`;

const options = (folder: string, more: Partial<TaskTablesOptions> = {}): TaskTablesOptions => ({
  tables: {
    price: { source: join(folder, 'homes.csv'), label: { column: 'price', kind: 'number' } },
    grade: {
      source: { all: join(folder, 'flats.csv') },
      sql: 'SELECT * FROM all WHERE size > 100'.replace(' all ', ' "all" '),
      label: { column: 'grade', kind: 'class' },
    },
  },
  cache: join(folder, 'cache'),
  ...more,
});
const files = { 'homes.csv': homes, 'flats.csv': flats };

describe('loadTaskTables', () => {
  it.each([256, 0])(
    'gives every row its own label only, with features that are encoded alike (%i MB)',
    async (memory) => {
      const folder = folderWith(files);
      const { train, encoding, record } = await loadTaskTables(
        options(folder, { memory, weights: { price: 'weight' } }),
      );
      expect(encoding.features.map(({ column }) => column).sort()).toEqual(['size', 'town']);
      // Over the rows of both tables: 0 to 19, and 101 to 109.
      const mean = (190 + 945) / 29;
      expect(encoding.features.find(({ column }) => column === 'size')).toMatchObject({ center: expect.closeTo(mean) });
      expect(record.leftOut.map(({ column }) => column)).toEqual(['note']);
      const batch = (await train.open({ batchSize: 29 }).next()) as RawBatch;
      batch.ids.price?.forEach((id, row) => {
        const isHome = id < 20;
        expect(batch.columns.price?.data[row]).toBe(isHome ? 10 * id : Number.NaN);
        expect(batch.columns.grade?.data[row]).toBe(isHome ? -1 : (id - 20) % 2 === 0 ? 1 : 0);
        expect(batch.sampleWeights.price?.[row]).toBe(isHome ? id : 1);
      });
      const tasks = { price: 'price', grade: 'grade' };
      const parts = 'draw' in train ? await rowsPerTask(train, tasks) : rowsPerTask(train, tasks);
      expect(perTaskDatasets(parts).sources).toEqual([
        { name: 'price', rows: 20 },
        { name: 'grade', rows: 9 },
      ]);
    },
  );

  it('divides table by table, the same again', async () => {
    const folder = folderWith(files);
    const split = { test: 0.3, validation: 0.1, seed: 2 };
    const { test, record } = await loadTaskTables(options(folder, { split }));
    const { ids } = test as TableDataset;
    expect([...ids].filter((id) => id < 20)).toHaveLength(6);
    expect([...ids].filter((id) => id >= 20)).toHaveLength(3);
    const again = await loadTaskTables(options(folder, { split, cache: join(folder, 'other') }));
    expect((again.test as TableDataset).ids).toEqual(ids);
    expect(again.record).toEqual(record);
  });

  it.each<[string, (folder: string) => Partial<TaskTablesOptions>, RegExp, unknown[]]>([
    [
      'a feature that a table lacks',
      () => ({ features: ['note'] }),
      /in that of `grade` there is no column/,
      ['features', 0],
    ],
    [
      'a split by what a table lacks',
      () => ({ split: { group: 'note', test: 0.2 } }),
      /in that of `grade`/,
      ['split', 'group'],
    ],
    [
      'a file that is not there',
      (folder) => ({
        tables: {
          ...options(folder).tables,
          price: { source: 'none.csv', label: { column: 'price', kind: 'number' } },
        },
      }),
      /no file none.csv/,
      ['tables', 'price', 'source'],
    ],
    [
      'SQL with a mistake',
      (folder) => ({
        tables: { ...options(folder).tables, grade: { ...grade(folder), sql: 'SELECT none FROM "all"' } },
      }),
      /none/,
      ['tables', 'grade', 'sql'],
    ],
    [
      'a label that is not there',
      (folder) => ({ tables: { grade: { ...grade(folder), label: { column: 'mark', kind: 'class' } } } }),
      /no column `mark`/,
      ['labels', 'mark'],
    ],
    [
      'labels of one name',
      (folder) => ({
        tables: { ...options(folder).tables, grade: { ...grade(folder), label: { column: 'price', kind: 'number' } } },
      }),
      /different names, but both have `price`/,
      ['tables', 'grade'],
    ],
    [
      'a table without rows',
      (folder) => ({
        tables: { ...options(folder).tables, grade: { ...grade(folder), sql: 'SELECT * FROM "all" LIMIT 0' } },
      }),
      /must have a row/,
      ['tables', 'grade'],
    ],
  ])('refuses %s', async (_, more, message, place) => {
    const folder = folderWith(files);
    const error = await loadTaskTables(options(folder, more(folder))).catch((thrown: unknown) => thrown);
    expect((error as Error).message).toMatch(message);
    expect((error as { place?: unknown }).place).toEqual(place);
  });
});

function grade(folder: string) {
  return {
    source: { all: join(folder, 'flats.csv') },
    sql: 'SELECT * FROM "all"',
    label: { column: 'grade', kind: 'class' } as const,
  };
}
