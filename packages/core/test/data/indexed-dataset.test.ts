import { expect, test } from 'vitest';
import type { RawBatch } from '../../src/contracts/dataset.js';
import { checkRows, indexedDataset } from '../../src/data/indexed-dataset.js';
import { drain, idsOf } from './tables.js';

const asked: number[][] = [];
const dataset = indexedDataset({
  inputs: { x: { shape: [], dtype: 'float32' } },
  columns: ['y'],
  ids: Int32Array.of(5, 6, 7),
  gather(rows): RawBatch {
    asked.push(Array.from(rows));
    return { size: rows.length, inputs: {}, columns: {}, sampleWeights: {}, ids: { y: Int32Array.from(rows) } };
  },
  labels: (column) => ({ targets: { data: new Float32Array(3), shape: [3] }, ids: Int32Array.of(column.length) }),
});

test('adds size, source, counts and cursors', () => {
  expect(dataset.size).toBe(3);
  expect(dataset.sources).toEqual([{ name: 'table', rows: 3 }]);
  expect(dataset.batches({ batchSize: 2, lastBatch: 'drop' })).toBe(1);
  expect(idsOf(drain(dataset.open({ batchSize: 2 })))).toEqual([0, 1, 2]);
  expect(asked).toEqual([[0, 1], [2]]);
});

test('passes on only what exists', () => {
  expect(dataset.labels('y').ids).toEqual(Int32Array.of(1));
  expect(() => dataset.labels('z')).toThrow(/no column named `z`/);
  expect(() => dataset.gather([3])).toThrow(/from 0 to 2, but row 3/);
});

test('checkRows takes no rows, and any kind of list', () => {
  expect(() => checkRows([], 0)).not.toThrow();
  expect(() => checkRows(Uint32Array.of(0, 1), 2)).not.toThrow();
  expect(() => checkRows(Float32Array.of(0.5), 2)).toThrow(/row 0.5/);
});
