// Small tables and stand-in tasks for the tests of src/data.

import type { RawBatch } from '../../src/contracts/dataset.js';
import type { Metric } from '../../src/contracts/metric.js';
import { type AnyTask, defineTask, type TaskInput } from '../../src/contracts/task.js';
import type { TableDataset } from '../../src/data/indexed-dataset.js';
import type { TableCursor } from '../../src/data/table-cursor.js';
import { type TableOptions, tableDataset } from '../../src/data/table-dataset.js';

/** A table of `rows` rows with input `x` [2] holding (row, −row) and column `column` holding row mod 3. */
export function countingTable(
  rows: number,
  column = 'y',
  options: Partial<TableOptions> = {},
  input = 'x',
): TableDataset {
  const x = Float32Array.from({ length: 2 * rows }, (_, i) => (i % 2 === 0 ? i / 2 : -(i - 1) / 2));
  const y = Int32Array.from({ length: rows }, (_, row) => row % 3);
  return tableDataset({ inputs: { [input]: { data: x, shape: [rows, 2] } }, columns: { [column]: y }, ...options });
}

/** A task of which only what data code looks at is real. */
export function fakeTask(
  name: string,
  target: AnyTask['target'],
  more: Partial<TaskInput<string, readonly Metric[], unknown>> = {},
): AnyTask {
  return defineTask({
    name,
    type: 'fake',
    target,
    outputs: {},
    loss: () => {
      throw new Error('not called');
    },
    predict: () => {
      throw new Error('not called');
    },
    decode: () => [],
    metrics: [],
    primaryMetric: '',
    ...more,
  } as never) as AnyTask;
}

/** The rest of the cursor's epoch. */
export function drain(cursor: TableCursor): RawBatch[] {
  const batches: RawBatch[] = [];
  for (let batch = cursor.next(); batch !== null; batch = cursor.next()) batches.push(batch);
  return batches;
}

/** Row ids of one column, over batches. */
export function idsOf(batches: readonly RawBatch[], column = 'y'): number[] {
  return batches.flatMap((batch) => [...(batch.ids[column] ?? [])]);
}
