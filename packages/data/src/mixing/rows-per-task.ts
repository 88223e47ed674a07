import { DatasetError, type RawBatch, subset, type TableDataset, UnknownNameError } from '@polytask/core';

/**
 * The rows of a table task by task: those that have the task's label, with that label only. With `perTaskDatasets` they are
 * one data set again, in which every batch has as many rows of each task as a schedule says. Nothing is copied.
 *
 * @param tasks - By name: the column with its labels.
 * @throws UnknownNameError (`POLYTASK_UNKNOWN_NAME`) where there is no such column; DatasetError (`POLYTASK_DATASET`) where
 * no row has a label.
 * @example
 * ```ts
 * import { perTaskDatasets, tableDataset } from '@polytask/core';
 * import { rowsPerTask } from '@polytask/data';
 *
 * const x = { data: new Float32Array(4), shape: [4, 1] };
 * const table = tableDataset({ inputs: { x }, columns: { price: [1, 2, 3, null], grade: new Int32Array([-1, -1, -1, 0]) } });
 * const dataset = perTaskDatasets(rowsPerTask(table, { price: 'price', grade: 'grade' }));
 * console.log(dataset.sources); // => [ { name: 'price', rows: 3 }, { name: 'grade', rows: 1 } ]
 * ```
 */
export function rowsPerTask(
  dataset: TableDataset,
  tasks: { readonly [task: string]: string },
): { [task: string]: TableDataset } {
  return Object.fromEntries(Object.entries(tasks).map(([task, column]) => [task, labelledRows(dataset, task, column)]));
}

function labelledRows(dataset: TableDataset, task: string, column: string): TableDataset {
  const { data, shape } = dataset.labels(column).targets;
  const width = data.length / (shape[0] as number);
  const isThere = data instanceof Int32Array ? (value: number) => value >= 0 : (value: number) => !Number.isNaN(value);
  const rows = [...dataset.ids.keys()].filter((row) =>
    data.subarray(row * width, (row + 1) * width).some((value) => isThere(value)),
  );
  if (rows.length === 0) {
    throw new DatasetError(
      `Task \`${task}\` must have a label in column \`${column}\`, but no row has one. Leave it out.`,
    );
  }
  const part = subset(dataset, rows);
  const only = (batch: RawBatch): RawBatch => {
    const pick = <Value>(values: { readonly [name: string]: Value }) =>
      Object.fromEntries(Object.entries(values).filter(([name]) => name === column));
    const { columns, ids, sampleWeights } = batch;
    return { ...batch, columns: pick(columns), ids: pick(ids), sampleWeights: pick(sampleWeights) };
  };
  return {
    ...part,
    columns: [column],
    gather: (wanted) => only(part.gather(wanted)),
    labels(name) {
      if (name !== column) throw new UnknownNameError('column', name, [column]);
      return part.labels(name);
    },
    open(options) {
      const cursor = part.open(options);
      return {
        ...cursor,
        next() {
          const batch = cursor.next();
          return batch === null ? null : only(batch);
        },
      };
    },
  };
}
