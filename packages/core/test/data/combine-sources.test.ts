import { expect, test } from 'vitest';
import { setSourcesSideBySide, stackSources } from '../../src/data/combine-sources.js';
import { tableDataset } from '../../src/data/table-dataset.js';

const left = tableDataset({
  inputs: { x: { data: [1, 2, 3], shape: [3] } },
  columns: { left: Int32Array.of(7, 8, 9) },
  sampleWeights: [2, 3, 4],
});
const right = tableDataset({
  inputs: { x: { data: [4, 5], shape: [2] } },
  columns: { right: { data: [0.1, 0.2, 0.3, 0.4], shape: [2, 2] } as never },
});

test('stacked sources: rows one after another, foreign labels missing', () => {
  const batch = stackSources([
    { raw: left.gather([2, 0]), column: 'left', idOffset: 0 },
    { raw: right.gather([1]), column: 'right', idOffset: 3 },
  ]);
  const ids = Int32Array.of(2, 0, 4);
  expect(batch).toEqual({
    size: 3,
    inputs: { x: { data: Float32Array.of(3, 1, 5), shape: [3] } },
    columns: {
      left: { data: Int32Array.of(9, 7, -1), shape: [3] },
      right: { data: Float32Array.of(Number.NaN, Number.NaN, Number.NaN, Number.NaN, 0.3, 0.4), shape: [3, 2] },
    },
    sampleWeights: { left: Float32Array.of(4, 2, 1) },
    ids: { left: ids, right: ids },
    rowSource: Int32Array.of(0, 0, 1),
  });
});

test('stacked sources: one may have no rows', () => {
  const batch = stackSources([
    { raw: left.gather([]), column: 'left', idOffset: 0 },
    { raw: right.gather([0]), column: 'right', idOffset: 3 },
  ]);
  expect(batch.columns.left).toEqual({ data: Int32Array.of(-1), shape: [1] });
  expect(batch.inputs.x).toEqual({ data: Float32Array.of(4), shape: [1] });
});

test('sources side by side: each its own rows, a placeholder without label for none', () => {
  const own = tableDataset({
    inputs: { z: { data: Int32Array.of(4, 5), shape: [2] } },
    columns: { right: { data: [0.1, 0.2, 0.3, 0.4], shape: [2, 2] } as never },
  });
  const batch = setSourcesSideBySide([
    { raw: left.gather([2, 0]), column: 'left', idOffset: 0 },
    { raw: { ...own.gather([0]), size: 0 }, column: 'right', idOffset: 0 },
  ]);
  expect(batch).toEqual({
    size: 2,
    inputs: { x: { data: Float32Array.of(3, 1), shape: [2] }, z: { data: Int32Array.of(4), shape: [1] } },
    columns: {
      left: { data: Int32Array.of(9, 7), shape: [2] },
      right: { data: Float32Array.of(Number.NaN, Number.NaN), shape: [1, 2] },
    },
    sampleWeights: { left: Float32Array.of(4, 2) },
    ids: { left: Int32Array.of(2, 0), right: Int32Array.of(-1) },
  });
});
