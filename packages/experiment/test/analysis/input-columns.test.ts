import { learnTable } from '@polytask/data';
import { expect, test } from 'vitest';
import { inputColumns } from '../../src/analysis/input-columns.js';

test('the columns of a table, with the places of their numbers and ids', () => {
  const rows = [
    { size: 1, kind: 'a', place: 'x' },
    { size: 3, kind: 'b', place: 'x' },
    { size: 2, kind: 'a', place: 'y' },
    { size: 2, kind: 'b', place: 'y' },
  ];
  const encoding = learnTable(rows, {
    features: [
      { column: 'size', type: 'number' },
      { column: 'place', type: 'category', encoding: 'embedding' },
      { column: 'kind', type: 'category', missing: 'error' },
    ],
    labels: [],
  });
  expect(inputColumns({}, { encoding } as never)).toEqual([
    { name: 'size', entries: { numbers: [0] } },
    { name: 'place', entries: { categories: [0] } },
    { name: 'kind', entries: { numbers: [1, 2, 3] } },
  ]);
});

test('every number of a short input, and long ones and images as a whole', () => {
  const found = inputColumns(
    {
      x: { shape: [2], dtype: 'float32' },
      pixels: { shape: [100], dtype: 'float32' },
      image: { shape: [2, 2, 1], dtype: 'float32' },
      id: { shape: [], dtype: 'int32' },
    },
    undefined,
  );
  expect(found.map(({ name, entries }) => [name, Object.values(entries)[0]?.length])).toEqual([
    ['x[0]', 1],
    ['x[1]', 1],
    ['pixels', 100],
    ['image', 4],
    ['id', 1],
  ]);
});
