// Tables of thousands of columns: what is found out about each is the same, in a time and a memory that grow with their number.
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { loadTable } from '../../../src/node/index.js';
import { folderWith } from '../../helpers/folder.js';

const y = [{ column: 'y', kind: 'number' }] as const;

it('are found to hold what the same columns do in a narrow table', async () => {
  const kinds: readonly ((row: number) => string)[] = [
    (row) => String(row),
    (row) => (row === 3 ? '' : (row / 4).toFixed(2)),
    (row) => `0${row}`,
    (row) => (row % 2 ? 'true' : 'false'),
    (row) => `${String(1 + (row % 12)).padStart(2, '0')}/${13 + (row % 9)}/2023`,
    (row) => 'abc'[row % 3] as string,
    (row) => (row < 29 ? String(row) : '1_000'),
    () => '',
  ];
  const text = (times: number) => {
    const all = Array.from({ length: times }, () => kinds).flat();
    const lines = Array.from({ length: 30 }, (_, row) => [...all.map((kind) => kind(row)), row].join(','));
    return [[...all.map((_, c) => `c${c}`), 'y'].join(','), ...lines, ''].join('\n');
  };
  const folder = folderWith({ 'narrow.csv': text(1), 'wide.csv': text(14) });
  const readingOf = async (name: string) => {
    const options = { source: join(folder, name), cache: join(folder, 'cache'), labels: y, features: ['c0'] };
    const { columns } = (await loadTable(options)).reading;
    return columns.filter(({ name: column }) => column !== 'y').map(({ name: _, ...column }) => column);
  };
  const narrow = await readingOf('narrow.csv');
  expect(narrow.map(({ type }) => type)).toEqual([
    ...['BIGINT', 'DOUBLE', 'VARCHAR', 'BOOLEAN', 'DATE', 'VARCHAR', 'VARCHAR', 'VARCHAR'],
  ]);
  expect(await readingOf('wide.csv')).toEqual(Array.from({ length: 14 }, () => narrow).flat());
  // What is told of them is the same too.
  const told = async (name: string, features: readonly string[]) => {
    const source = join(folder, name);
    const { record } = await loadTable({ source, cache: join(folder, 'cache'), labels: y, features });
    const of = features.map((column) => record.columns.find((one) => one.column === column));
    return of.map((one) => one && { ...one, column: '' });
  };
  const few = await told('narrow.csv', ['c0', 'c1', 'c4', 'c5']);
  expect(await told('wide.csv', ['c104', 'c105', 'c108', 'c109'])).toEqual(few);
  expect(few[2]).toMatchObject({ type: 'date', range: [expect.stringContaining('2023-01'), expect.anything()] });
});

it('of thousands of columns and few rows are read', async () => {
  const columns = 2500;
  const header = [...Array.from({ length: columns }, (_, c) => `g${c}`), 'y'].join(',');
  const line = (row: number) => [...Array.from({ length: columns }, (_, c) => (row * c) % 10), row].join(',');
  const folder = folderWith({ 't.csv': [header, ...Array.from({ length: 8 }, (_, row) => line(row)), ''].join('\n') });
  const { train, encoding, record } = await loadTable({
    ...{ source: join(folder, 't.csv'), cache: join(folder, 'cache'), labels: y },
  });
  expect([train.size, train.inputs.numbers?.shape]).toEqual([8, [columns]]);
  // Rows 0 to 7 of column 3 are 0, 3, 6, 9, 2, 5, 8, 1.
  expect(encoding.features[3]).toMatchObject({ column: 'g3', center: expect.closeTo(34 / 8, 9) });
  expect(record.notes).toContain('`g0` has the same value in all rows: there is nothing to learn from it.');
});
