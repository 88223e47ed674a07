import { perTaskDatasets, tableDataset, UnknownNameError } from '@polytask/core';
import { expect, it } from 'vitest';
import { rowsPerTask } from '../../src/index.js';

const x = { data: Float32Array.from({ length: 6 }, (_, row) => row), shape: [6, 1] };
const columns = { price: [1, null, 3, null, 5, 6], grade: Int32Array.of(-1, 1, 0, 2, -1, -1) };
const table = tableDataset({ inputs: { x }, columns, ids: [10, 11, 12, 13, 14, 15] });

it('gives every task the rows that have its label, and no other label', () => {
  const { price, grade } = rowsPerTask(table, { price: 'price', grade: 'grade' });
  expect([price?.size, [...(grade?.ids ?? [])], grade?.columns]).toEqual([4, [11, 12, 13], ['grade']]);
  const batch = grade?.open({ batchSize: 3 }).next();
  expect(batch?.columns).toEqual({ grade: { data: Int32Array.of(1, 0, 2), shape: [3] } });
  expect(batch?.inputs.x?.data).toEqual(Float32Array.of(1, 2, 3));
  expect(grade?.gather([2]).ids).toEqual({ grade: Int32Array.of(13) });
  expect(() => grade?.labels('price')).toThrow(UnknownNameError);
});

it('makes one data set of them, every label once per epoch', () => {
  const dataset = perTaskDatasets(rowsPerTask(table, { price: 'price', grade: 'grade' }));
  const cursor = dataset.open({ batchSize: 7, shuffleSeed: 's' });
  const batch = cursor.next();
  expect([batch?.size, cursor.next()]).toEqual([7, null]);
  const prices = [...(batch?.columns.price?.data ?? [])].filter((price) => !Number.isNaN(price));
  expect(prices.sort()).toEqual([1, 3, 5, 6]);
});

it('refuses a task without a label', () => {
  const none = tableDataset({ inputs: { x }, columns: { price: [null, null, null, null, null, null] } });
  expect(() => rowsPerTask(none, { price: 'price' })).toThrow(/no row has one/);
});
