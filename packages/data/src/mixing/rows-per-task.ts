import {
  DatasetError,
  type OrderedRows,
  type RawBatch,
  type StoredLabels,
  subset,
  type TableDataset,
  UnknownNameError,
} from '@polytask/core';
import type { StreamedDataset } from '../sampling/streamed-dataset.js';

/**
 * The rows of a table task by task: those that have the task's label, with that label only. With `perTaskDatasets` they are
 * one data set again, in which every batch has as many rows of each task as a schedule says. Rows in memory are not copied; streamed ones are, within the cache, once and for tasks that lack labels.
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
): { [task: string]: TableDataset };
export function rowsPerTask(
  dataset: StreamedDataset,
  tasks: { readonly [task: string]: string },
): Promise<{ [task: string]: StreamedDataset }>;
export function rowsPerTask(
  dataset: TableDataset | StreamedDataset,
  tasks: { readonly [task: string]: string },
): { [task: string]: TableDataset } | Promise<{ [task: string]: StreamedDataset }> {
  if ('draw' in dataset) return streamedPerTask(dataset, tasks);
  return Object.fromEntries(Object.entries(tasks).map(([task, column]) => [task, labelledRows(dataset, task, column)]));
}

async function streamedPerTask(
  dataset: StreamedDataset,
  tasks: { readonly [task: string]: string },
): Promise<{ [task: string]: StreamedDataset }> {
  const found: { [task: string]: StreamedDataset } = {};
  const streams = Object.keys(tasks).length;
  for (const [task, column] of Object.entries(tasks)) {
    const labels = await dataset.labels(column);
    const isThere = labelled(labels);
    const codes = Int32Array.from(labels.ids, (_, row) => (isThere(row) ? 0 : -1));
    if (!codes.includes(0)) throw noLabels(task, column);
    found[task] = ofColumn(await dataset.draw({ codes, times: [1], streams }), column);
  }
  return found;
}

/** A streamed data set with one column of labels. */
function ofColumn(dataset: StreamedDataset, column: string): StreamedDataset {
  const only = (batch: RawBatch | Promise<RawBatch>): RawBatch | Promise<RawBatch> =>
    batch instanceof Promise ? batch.then((raw) => withColumn(raw, column)) : withColumn(batch, column);
  return {
    ...dataset,
    columns: [column],
    labels: async (name) => {
      requireColumn(name, column);
      return dataset.labels(name);
    },
    orderedRows(shuffleSeed): OrderedRows {
      const rows = dataset.orderedRows(shuffleSeed);
      return { ...rows, take: (...place) => only(rows.take(...place)) };
    },
    open(options) {
      const cursor = dataset.open(options);
      return {
        ...cursor,
        next() {
          const batch = cursor.next();
          return batch === null ? null : only(batch as RawBatch | Promise<RawBatch>);
        },
      };
    },
    draw: async (strata) => ofColumn(await dataset.draw(strata), column),
  };
}

function labelledRows(dataset: TableDataset, task: string, column: string): TableDataset {
  const isThere = labelled(dataset.labels(column));
  const rows = [...dataset.ids.keys()].filter(isThere);
  if (rows.length === 0) throw noLabels(task, column);
  const part = subset(dataset, rows);
  const only = (batch: RawBatch) => withColumn(batch, column);
  return {
    ...part,
    columns: [column],
    gather: (wanted, options) => only(part.gather(wanted, options)),
    labels(name) {
      requireColumn(name, column);
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

/** Tells which rows have a label. */
function labelled({ targets: { data }, ids }: StoredLabels): (row: number) => boolean {
  const width = data.length / ids.length;
  const isThere = data instanceof Int32Array ? (value: number) => value >= 0 : (value: number) => !Number.isNaN(value);
  return (row) => data.subarray(row * width, (row + 1) * width).some((value) => isThere(value));
}

function withColumn(batch: RawBatch, column: string): RawBatch {
  const pick = <Value>(values: { readonly [name: string]: Value }) =>
    Object.fromEntries(Object.entries(values).filter(([name]) => name === column));
  const { columns, ids, sampleWeights } = batch;
  return { ...batch, columns: pick(columns), ids: pick(ids), sampleWeights: pick(sampleWeights) };
}

function requireColumn(name: string, column: string): void {
  if (name !== column) throw new UnknownNameError('column', name, [column]);
}

function noLabels(task: string, column: string): DatasetError {
  return new DatasetError(
    `Task \`${task}\` must have a label in column \`${column}\`, but no row has one. Leave it out.`,
  );
}
