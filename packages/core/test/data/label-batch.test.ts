import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { HostTensor } from '../../src/contracts/tensors.js';
import { labelBatch } from '../../src/data/label-batch.js';
import { createOverlays } from '../../src/data/label-overlay.js';
import { perTaskDatasets } from '../../src/data/per-task-datasets.js';
import { tableDataset } from '../../src/data/table-dataset.js';
import { countingTable, fakeTask } from './tables.js';

const { NaN: none } = Number;
const x = { data: [0, 1, 2], shape: [3] };
const rows = [0, 1, 2];
const id = fakeTask('id', { shape: [], dtype: 'int32' });
const value = fakeTask('value', { shape: [], dtype: 'float32' });
const labels = fakeTask('labels', { shape: [2], dtype: 'float32' });
const dense = fakeTask('dense', { shape: [2], dtype: 'int32' });

/** Row `row` of a target. */
function rowOf({ data, shape }: HostTensor, row: number): number[] {
  const width = data.length / (shape[0] as number);
  return [...data.subarray(row * width, (row + 1) * width)];
}

describe('weights and targets', () => {
  const raw = tableDataset({
    inputs: { x },
    columns: {
      id: Int32Array.of(2, -1, 0),
      value: [none, -4.5, 0],
      labels: { data: Float32Array.of(1, none, none, none, 0, 1), shape: [3, 2] },
      dense: { data: Int32Array.of(-1, 3, 0, 1, -1, -1), shape: [3, 2] },
    },
    sampleWeights: { id: [0.5, 1, 2] },
    ids: [7, 8, 9],
  }).gather(rows);

  test('a missing label has weight 0 and target 0; a partly missing one stays', () => {
    const batch = labelBatch(raw, [id, value, labels, dense]);
    expect(batch).toEqual({
      size: 3,
      inputs: raw.inputs,
      targets: {
        id: { data: Int32Array.of(2, 0, 0), shape: [3] },
        value: { data: Float32Array.of(0, -4.5, 0), shape: [3] },
        labels: { data: Float32Array.of(1, none, 0, 0, 0, 1), shape: [3, 2] },
        dense: { data: Int32Array.of(-1, 3, 0, 1, 0, 0), shape: [3, 2] },
      },
      weights: {
        id: Float32Array.of(0.5, 0, 2),
        value: Float32Array.of(0, 1, 1),
        labels: Float32Array.of(1, 0, 1),
        dense: Float32Array.of(1, 1, 0),
      },
      ids: Object.fromEntries(['id', 'value', 'labels', 'dense'].map((name) => [name, Int32Array.of(7, 8, 9)])),
    });
  });

  test('sample weights times row weights, which see target and constants', () => {
    const task = fakeTask('id', id.target, {
      rowWeight: (target, row, constants) => (constants.weights as number[])[target.data[row] as number] as number,
    });
    const batch = labelBatch(raw, [task], { id: { weights: [3, 30, 300] } });
    expect(batch.weights.id).toEqual(Float32Array.of(150, 0, 6));
  });

  test('a row weight that is no weight is refused', () => {
    const task = fakeTask('id', id.target, { rowWeight: () => none });
    expect(() => labelBatch(raw, [task])).toThrow(/task `id` must be finite and not negative, but row 7 has NaN/);
  });

  test('the batch of the data set stays as it is', () => {
    const before = structuredClone(raw);
    labelBatch(raw, [id, value, labels, dense]);
    expect(raw).toEqual(before);
  });

  test('a task reads the column it names, and two may read the same', () => {
    const twin = fakeTask('twin', id.target, { column: 'id' });
    const { targets } = labelBatch(raw, [id, twin]);
    expect(targets.twin).toEqual(targets.id);
    expect(targets.twin?.data).not.toBe(targets.id?.data);
  });

  test('an absent column is missing in every row', () => {
    const batch = labelBatch(raw, [fakeTask('other', { shape: [2], dtype: 'float32' }), fakeTask('third', id.target)]);
    expect(batch.targets).toEqual({
      other: { data: new Float32Array(6), shape: [3, 2] },
      third: { data: new Int32Array(3), shape: [3] },
    });
    expect(batch.weights).toEqual({ other: new Float32Array(3), third: new Float32Array(3) });
    expect(batch.ids.other).toEqual(Int32Array.of(7, 8, 9));
  });

  test('labels of another shape than the task are refused', () => {
    expect(() => labelBatch(raw, [fakeTask('dense', id.target)])).toThrow(/task `dense` must have shape \[any\]/);
  });
});

test('weight is 0 exactly where the label is missing', () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.nat(9)), { minLength: 1, maxLength: 30 }), (column) => {
      const table = tableDataset({
        inputs: { x: { data: new Float32Array(column.length), shape: [column.length] } },
        columns: { id: column },
      });
      const batch = labelBatch(table.gather([...column.keys()]), [id]);
      expect([...(batch.weights.id ?? [])]).toEqual(column.map((label) => (label === null ? 0 : 1)));
      expect([...(batch.targets.id?.data ?? [])]).toEqual(column.map((label) => label ?? 0));
    }),
  );
});

describe('overlays', () => {
  const raw = tableDataset({
    inputs: { x },
    columns: { id: Int32Array.of(2, -1, 0), value: [1.5, 2.5, none] },
    sampleWeights: [2, 2, 2],
    ids: [7, 8, 9],
  }).gather(rows);

  test('give a label to a row without one, change one, take one away', () => {
    const overlays = createOverlays();
    overlays.setOverlay('id', { ids: Int32Array.of(8, 99, 9), targets: { data: Int32Array.of(1, 0, -1), shape: [3] } });
    overlays.setOverlay('value', { ids: Int32Array.of(7), targets: { data: Float32Array.of(-3), shape: [1] } });
    const batch = labelBatch(raw, [id, value], {}, overlays);
    expect(batch.targets.id?.data).toEqual(Int32Array.of(2, 1, 0));
    expect(batch.weights.id).toEqual(Float32Array.of(2, 2, 0));
    expect(batch.targets.value?.data).toEqual(Float32Array.of(-3, 2.5, 0));
    expect(batch.weights.value).toEqual(Float32Array.of(2, 2, 0));
  });

  test('give sample weights, which row weights still multiply', () => {
    const overlays = createOverlays();
    overlays.setOverlay('id', { ids: Int32Array.of(7, 8), weights: Float32Array.of(0.5, 0.5) });
    const task = fakeTask('id', id.target, { rowWeight: () => 10 });
    // Row 8 has no label, which a weight alone does not change.
    expect(labelBatch(raw, [task], {}, overlays).weights.id).toEqual(Float32Array.of(5, 0, 20));
  });

  test('with distributions make all targets of the task distributions, in every batch', () => {
    const overlays = createOverlays();
    const targets = { data: Float32Array.of(0.5, 0.25, 0.25), shape: [1, 3] };
    overlays.setOverlay('id', { ids: Int32Array.of(8), targets });
    const batch = labelBatch(raw, [id], {}, overlays);
    expect(batch.targets.id).toEqual({ data: Float32Array.of(0, 0, 1, 0.5, 0.25, 0.25, 1, 0, 0), shape: [3, 3] });
    expect(batch.weights.id).toEqual(Float32Array.of(2, 2, 2));
    overlays.setOverlay('id', { ids: Int32Array.of(100), targets });
    const other = labelBatch(raw, [id], {}, overlays);
    expect(other.targets.id).toEqual({ data: Float32Array.of(0, 0, 1, 0, 0, 0, 1, 0, 0), shape: [3, 3] });
    expect(other.weights.id).toEqual(Float32Array.of(2, 0, 2));
  });

  test('with class ids become distributions where the column has them', () => {
    const soft = tableDataset({
      inputs: { x },
      columns: { id: { data: Float32Array.of(0.5, 0.5, none, none, 1, 0), shape: [3, 2] } },
    }).gather(rows);
    const overlays = createOverlays();
    overlays.setOverlay('id', { ids: Int32Array.of(1), targets: { data: Int32Array.of(1), shape: [1] } });
    const target = labelBatch(soft, [id], {}, overlays).targets.id as HostTensor;
    expect([rowOf(target, 0), rowOf(target, 1), rowOf(target, 2)]).toEqual([
      [0.5, 0.5],
      [0, 1],
      [1, 0],
    ]);
  });

  test('label a task that has no column at all', () => {
    const overlays = createOverlays();
    overlays.setOverlay('new', { ids: Int32Array.of(9), targets: { data: Float32Array.of(4), shape: [1] } });
    const batch = labelBatch(raw, [fakeTask('new', value.target)], {}, overlays);
    expect(batch.targets.new?.data).toEqual(Float32Array.of(0, 0, 4));
    expect(batch.weights.new).toEqual(Float32Array.of(0, 0, 1));
  });

  test('of another shape, or over other classes, are refused', () => {
    const overlays = createOverlays();
    overlays.setOverlay('value', { ids: Int32Array.of(9), targets: { data: new Float32Array(2), shape: [1, 2] } });
    expect(() => labelBatch(raw, [value], {}, overlays)).toThrow(/shape \[any\]/);
    const soft = tableDataset({
      inputs: { x },
      columns: { id: { data: new Float32Array(6).fill(0.5), shape: [3, 2] } },
    }).gather(rows);
    overlays.setOverlay('id', { ids: Int32Array.of(9), targets: { data: new Float32Array(3), shape: [1, 3] } });
    expect(() => labelBatch(soft, [id], {}, overlays)).toThrow(/overlay of task `id` must have shape \[any, 2\]/);
  });
});

describe('data sets of several tasks', () => {
  const left = fakeTask('left', id.target);
  const right = fakeTask('right', id.target);

  test('with the same inputs: rows say their task', () => {
    const dataset = perTaskDatasets({ right: countingTable(2, 'right'), left: countingTable(2, 'left') });
    const raw = dataset.open({ batchSize: 4 }).next();
    const batch = labelBatch(raw as never, [left, right], {}, undefined, dataset.sources);
    expect(batch.rowTask).toEqual(Int32Array.of(1, 1, 0, 0));
    expect(batch.weights).toEqual({ left: Float32Array.of(0, 0, 1, 1), right: Float32Array.of(1, 1, 0, 0) });
    expect(() => labelBatch(raw as never, [left], {}, undefined, dataset.sources)).toThrow(/no task named `right`/);
    expect(() => labelBatch(raw as never, [left, right])).toThrow(/there are 0 sources/);
  });

  test('with inputs of their own: each its own number of rows, even without a column', () => {
    const dataset = perTaskDatasets({
      left: countingTable(5, 'left', {}, 'x1'),
      right: countingTable(5, 'right', {}, 'x2'),
    });
    const raw = dataset.open({ batchSize: 3, rows: () => [3, 0] }).next();
    const third = fakeTask('third', value.target, { inputs: ['x2'] });
    const batch = labelBatch(raw as never, [left, right, third], {}, undefined, dataset.sources);
    expect(batch.weights).toEqual({
      left: Float32Array.of(1, 1, 1),
      right: Float32Array.of(0),
      third: Float32Array.of(0),
    });
    expect(batch.rowTask).toBeUndefined();
    const lost = fakeTask('lost', value.target, { inputs: ['x3'] });
    expect(() => labelBatch(raw as never, [lost])).toThrow(/no input named `x3`/);
  });
});
