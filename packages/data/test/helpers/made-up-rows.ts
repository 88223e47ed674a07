import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { RowFile } from '../../src/node/rows/row-file.js';
import { writeRowFile } from '../../src/node/rows/row-file.js';
import { folderWith } from './folder.js';

/** Row r has numbers r and −r, category r mod 3, labels r / 2 (missing for every fifth) and r mod 4, and id 1000 + r. */
export function madeUp(rows: number): RowFile {
  const layout = { numbers: 2, ids: 1, labels: [{ dtype: 'float32' }, { dtype: 'int32' }] as const, weights: [] };
  const cache = folderWith();
  mkdirSync(join(cache, 'table'));
  const path = join(cache, 'table', 'rows');
  const writer = writeRowFile(path, layout);
  const each = <A extends Float32Array | Int32Array>(array: A, value: (row: number) => number): A => {
    for (let row = 0; row < rows; row++) array[row] = value(row);
    return array;
  };
  const numbers = new Float32Array(2 * rows);
  for (let row = 0; row < rows; row++) numbers.set([row, -row], 2 * row);
  const block = {
    numbers,
    ids: each(new Int32Array(rows), (row) => row % 3),
    labels: [
      each(new Float32Array(rows), (row) => (row % 5 === 0 ? Number.NaN : row / 2)),
      each(new Int32Array(rows), (row) => row % 4),
    ],
    weights: [],
    rowIds: each(new Int32Array(rows), (row) => 1000 + row),
  };
  for (let row = 0; row < rows; row++) writer.add(block, row);
  writer.finish();
  return {
    path,
    rows,
    layout,
    inputs: {
      numbers: { shape: [2], dtype: 'float32' },
      categories: { shape: [1], dtype: 'int32', categories: [3] },
    },
    columns: ['half', 'quarter'],
    weights: {},
    idLimit: 1000 + rows,
    cache,
  };
}
