import { expect, test } from 'vitest';
import type { MultiTaskDataset } from '../../src/contracts/dataset.js';
import { collectLabels } from '../../src/data/collect-labels.js';
import { perTaskDatasets } from '../../src/data/per-task-datasets.js';
import { subset } from '../../src/data/subset.js';
import { tableDataset } from '../../src/data/table-dataset.js';
import { countingTable, fakeTask } from './tables.js';

const rows = 2500;
const id = fakeTask('id', { shape: [], dtype: 'int32' });
const tags = fakeTask('tags', { shape: [2], dtype: 'float32' });
const dataset = tableDataset({
  inputs: { x: { data: new Float32Array(rows), shape: [rows] } },
  columns: {
    id: Int32Array.from({ length: rows }, (_, row) => (row % 5) - 1),
    tags: {
      data: Float32Array.from({ length: 2 * rows }, (_, i) => (i % 3 === 0 ? Number.NaN : i)),
      shape: [rows, 2],
    },
  },
  sampleWeights: { id: Float32Array.from({ length: rows }, (_, row) => row) },
});

/** The same data without the faster way to its labels, one batch after another, promised. */
function streaming({ labels: _, ...rest }: typeof dataset): MultiTaskDataset {
  return {
    ...rest,
    open(options) {
      const cursor = dataset.open(options);
      return { ...cursor, next: async () => cursor.next() };
    },
  };
}

test('has the rows with a label, in order, with their weights', async () => {
  const { targets, weights } = await collectLabels(dataset, id);
  const labelled = Array.from({ length: rows }, (_, row) => row).filter((row) => row % 5 > 0);
  expect(targets.shape).toEqual([labelled.length]);
  expect([...targets.data]).toEqual(labelled.map((row) => (row % 5) - 1));
  expect([...weights]).toEqual(labelled);
});

test('keeps rows that are partly labelled', async () => {
  expect((await collectLabels(dataset, tags)).targets.shape).toEqual([rows, 2]);
});

test.each([id, tags])('a stream gives the same as a table: $name', async (task) => {
  expect(await collectLabels(streaming(dataset), task)).toEqual(await collectLabels(dataset, task));
});

test('leaves the table as it is', async () => {
  const before = dataset.labels('id').targets.data.slice();
  const { targets } = await collectLabels(dataset, id);
  (targets.data as Int32Array).fill(9);
  expect(dataset.labels('id').targets.data).toEqual(before);
});

test('reads subsets, and data sets of several tasks', async () => {
  expect((await collectLabels(subset(dataset, [3, 0]), id)).targets.data).toEqual(Int32Array.of(2));
  const both = perTaskDatasets({ a: countingTable(4, 'a'), b: countingTable(2, 'b') });
  const b = fakeTask('b', id.target);
  expect((await collectLabels(both, b)).targets.data).toEqual(Int32Array.of(0, 1));
});

test('a column that is not there has no labels', async () => {
  const { targets, weights } = await collectLabels(dataset, fakeTask('other', { shape: [3], dtype: 'float32' }));
  expect(targets).toEqual({ data: new Float32Array(0), shape: [0, 3] });
  expect(weights.length).toBe(0);
});

test('labels without a single value leave nothing', async () => {
  const empty = tableDataset({ inputs: { x: { data: [1], shape: [1] } }, columns: { id: Int32Array.of(-1) } });
  expect((await collectLabels(empty, id)).targets).toEqual({ data: new Int32Array(0), shape: [0] });
});
