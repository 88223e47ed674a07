import { describe, expect, test } from 'vitest';
import { perTaskDatasets } from '../../src/data/per-task-datasets.js';
import { tableDataset } from '../../src/data/table-dataset.js';
import { DatasetError } from '../../src/errors/dataset-error.js';
import { countingTable, drain } from './tables.js';

describe('with the same inputs', () => {
  const dataset = perTaskDatasets({
    left: countingTable(3, 'left', { ids: [5, 1, 9] }),
    right: countingTable(2, 'right'),
  });

  test('says what it has', () => {
    expect(dataset.size).toBe(5);
    expect(dataset.columns).toEqual(['left', 'right']);
    expect(dataset.inputs).toEqual({ x: { shape: [2], dtype: 'float32' } });
    expect(dataset.sources).toEqual([
      { name: 'left', rows: 3 },
      { name: 'right', rows: 2 },
    ]);
    expect(dataset.batches({ batchSize: 2 })).toBe(3);
    expect(dataset.batches({ batchSize: 2, lastBatch: 'drop' })).toBe(2);
  });

  test('tells rows of different sources apart by id', () => {
    expect(dataset.idOffsets).toEqual([0, 10]);
    const [batch] = drain(dataset.open({ batchSize: 5 }));
    expect(batch?.ids.left).toEqual(Int32Array.of(5, 1, 9, 10, 11));
    expect(dataset.labels('right').ids).toEqual(Int32Array.of(10, 11));
  });

  test('has columns by name only', () => {
    expect(() => dataset.labels('middle')).toThrow(/no column named `middle`/);
  });
});

test('with inputs of their own, sources stay side by side and keep their ids', () => {
  const dataset = perTaskDatasets({
    left: countingTable(4, 'left', {}, 'x1'),
    right: countingTable(2, 'right', {}, 'x2'),
  });
  expect(Object.keys(dataset.inputs)).toEqual(['x1', 'x2']);
  expect(dataset.idOffsets).toEqual([0, 0]);
  const [batch] = drain(dataset.open({ batchSize: 3 }));
  expect(batch?.inputs.x1?.shape).toEqual([2, 2]);
  expect(batch?.inputs.x2?.shape).toEqual([1, 2]);
  expect(batch?.rowSource).toBeUndefined();
});

test('takes the column named like the task, else the only one', () => {
  const many = () => tableDataset({ inputs: { x: { data: [1], shape: [1] } }, columns: { left: [1], right: [2] } });
  const dataset = perTaskDatasets({ left: many(), right: many() });
  expect(dataset.columns).toEqual(['left', 'right']);
  expect(dataset.labels('right').targets.data).toEqual(Float32Array.of(2));
  expect(perTaskDatasets({ fashion: countingTable(2, 'clothes') }).columns).toEqual(['clothes']);
});

describe('refuses', () => {
  const categories = (count: number) =>
    tableDataset({
      inputs: { x: { data: Int32Array.of(0), shape: [1, 1], categories: [count] } },
      columns: { [`y${count}`]: [1] },
    });
  test.each([
    ['nothing', {}, /at least one task/],
    [
      'a choice of columns',
      { middle: countingTable(1, 'a', { columns: { a: [1], b: [1] } }) },
      /must have a column `middle`/,
    ],
    ['one column twice', { a: countingTable(1, 'y'), b: countingTable(1, 'y') }, /`a` and `b` both have `y`/],
    ['half the same inputs', { a: countingTable(1, 'a'), b: categories(3) }, /those of `a` and `b` share `x`/],
    ['other categories', { a: categories(2), b: categories(3) }, /share `x` and are not the same/],
    [
      'ids beyond int32',
      { a: countingTable(1, 'a', { ids: [2 ** 31 - 1] }), b: countingTable(1, 'b') },
      /below 2147483648/,
    ],
  ])('%s', (_, sources, message) => {
    expect(() => perTaskDatasets(sources as never)).toThrow(DatasetError);
    expect(() => perTaskDatasets(sources as never)).toThrow(message);
  });
});
