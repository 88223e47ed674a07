import type { InputSpec, InputSpecs } from '../contracts/batch.js';
import type { CursorOptions, MultiTaskDataset } from '../contracts/dataset.js';
import { DatasetError } from '../errors/dataset-error.js';
import { UnknownNameError } from '../errors/unknown-name-error.js';
import { batchCount } from './batch-count.js';
import type { StoredLabels, TableDataset } from './indexed-dataset.js';
import { type OrderedDataset, orderedTableRows } from './ordered-dataset.js';
import { perTaskCursor, type TaskSource } from './per-task-cursor.js';
import type { TableCursor } from './table-cursor.js';

/** Data sets of several tasks as one data set, some of them not in memory. */
export interface StreamedPerTaskDataset extends MultiTaskDataset {
  /**
   * By source: a row's id in a batch minus this is its id in its own data set. All 0 where sources have inputs of their
   * own, since then no two of them label the same column of rows.
   */
  readonly idOffsets: readonly number[];
  /** All labels of a column, from the data set that has it. */
  labels(column: string): StoredLabels | Promise<StoredLabels>;
}

/** Data sets of several tasks as one data set, all in memory. */
export interface PerTaskDataset extends StreamedPerTaskDataset {
  open(options: CursorOptions): TableCursor;
  labels(column: string): StoredLabels;
}

/**
 * One data set per task: no row needs a label for more than one of them.
 *
 * Each source labels one task, by the column of that name, or its only column. Where all sources have the same inputs,
 * a batch is their rows one after another, `rowSource` says which is whose, and a row's label is missing for all tasks
 * but its own. Where sources have inputs of their own, with different names, each keeps its own number of rows in a
 * batch; a source without rows in a batch is there with one row without a label, since no tensor may be empty.
 *
 * Rows per source come from the cursor option `rows` (a task schedule), else in proportion to the sources' sizes. An
 * epoch has as many batches as all rows together fill. A source that is used up within an epoch starts over in a new
 * order; without `rows`, every row comes exactly once.
 *
 * @remarks The order of a source depends on `shuffleSeed`, its name, the epoch and how often it started over. Each
 * epoch starts afresh, so `seek(epoch, 0)` needs no history. `seek(epoch, batch)` asks `rows` again for the batches it
 * skips; where `rows` would answer otherwise by then, save `position()` and use `seekTo`.
 * Sources may be tables in memory or data sets that are read in orders ({@link OrderedDataset}), such as the streamed ones of
 * `@polytask/data/node`; where one of them is, batches and labels may come as promises.
 *
 * @param sources - By task name.
 * @throws DatasetError (`POLYTASK_DATASET`) where a source has several columns and none is named like its task, two
 * sources label the same column, or inputs are neither all the same nor all different.
 * @example
 * ```ts
 * import { perTaskDatasets, tableDataset } from '@polytask/core';
 *
 * const table = (column: string, rows: number) =>
 *   tableDataset({
 *     inputs: { x: { data: new Float32Array(rows), shape: [rows, 1] } },
 *     columns: { [column]: new Int32Array(rows) },
 *   });
 * const dataset = perTaskDatasets({ left: table('left', 6), right: table('right', 2) });
 * const batch = dataset.open({ batchSize: 4 }).next();
 * console.log(batch?.rowSource); // => Int32Array(4) [ 0, 0, 0, 1 ]
 * ```
 */
export function perTaskDatasets(sources: { readonly [task: string]: TableDataset }): PerTaskDataset;
export function perTaskDatasets(sources: {
  readonly [task: string]: TableDataset | OrderedDataset;
}): StreamedPerTaskDataset;
export function perTaskDatasets(sources: { readonly [task: string]: SourceDataset }): StreamedPerTaskDataset {
  const names = Object.keys(sources);
  if (names.length === 0) throw new DatasetError('There must be a data set for at least one task, but there is none.');
  const datasets = names.map((name) => sources[name] as SourceDataset);
  const columns = names.map((name, s) => columnOf(name, datasets[s] as SourceDataset));
  requireDifferent(names, columns);
  const common = haveCommonInputs(names, datasets);
  const idOffsets = common ? offsetsOf(datasets) : datasets.map(() => 0);
  const parts = names.map((name, s): TaskSource => {
    const dataset = datasets[s] as SourceDataset;
    return {
      name,
      size: dataset.size,
      column: columns[s] as string,
      idOffset: idOffsets[s] as number,
      open: (seed) => ('orderedRows' in dataset ? dataset.orderedRows(seed) : orderedTableRows(dataset, seed)),
    };
  });
  const size = datasets.reduce((total, { size }) => total + size, 0);
  const fingerprints = datasets.map(({ fingerprint }) => fingerprint);
  return {
    inputs: Object.assign({}, ...datasets.map(({ inputs }) => inputs)) as InputSpecs,
    columns,
    size,
    ...(fingerprints.includes(undefined)
      ? {}
      : { fingerprint: names.map((name, s) => `${name}=${fingerprints[s]}`).join(' ') }),
    sources: names.map((name, s) => ({ name, rows: (datasets[s] as SourceDataset).size })),
    idOffsets,
    batches: (options) => batchCount(size, options),
    open: (options) => perTaskCursor(parts, common, options),
    labels(column) {
      const s = columns.indexOf(column);
      if (s < 0) throw new UnknownNameError('column', column, columns);
      const withOffset = ({ ids, ...labels }: StoredLabels): StoredLabels => ({
        ...labels,
        ids: ids.map((id) => id + (idOffsets[s] as number)),
      });
      const stored = (datasets[s] as SourceDataset).labels(column);
      return stored instanceof Promise ? stored.then(withOffset) : withOffset(stored);
    },
  };
}

type SourceDataset = TableDataset | OrderedDataset;

function columnOf(task: string, { columns }: SourceDataset): string {
  if (columns.includes(task)) return task;
  if (columns.length === 1) return columns[0] as string;
  throw new DatasetError(
    `The data set of task \`${task}\` must have a column \`${task}\`, or one column only, but has ` +
      `${columns.map((column) => `\`${column}\``).join(', ') || 'none'}. Name the task's column like the task.`,
  );
}

function requireDifferent(names: readonly string[], columns: readonly string[]): void {
  columns.forEach((column, s) => {
    const first = columns.indexOf(column);
    if (first === s) return;
    throw new DatasetError(
      `Every task's data set must have a column of its own, but those of \`${names[first]}\` and \`${names[s]}\` both have ` +
        `\`${column}\`. Name each column like its task.`,
    );
  });
}

function haveCommonInputs(names: readonly string[], tables: readonly SourceDataset[]): boolean {
  const first = (tables[0] as SourceDataset).inputs;
  if (tables.every(({ inputs }) => sameInputs(inputs, first))) return true;
  const owner = new Map<string, string>();
  tables.forEach(({ inputs }, s) => {
    for (const input of Object.keys(inputs)) {
      const other = owner.get(input);
      if (other !== undefined) {
        throw new DatasetError(
          `Data sets of tasks must have the same inputs, or inputs with different names, but those of \`${other}\` and ` +
            `\`${names[s]}\` share \`${input}\` and are not the same. ` +
            'Rename it in one of them, or give both the same inputs.',
        );
      }
      owner.set(input, names[s] as string);
    }
  });
  return false;
}

function sameInputs(a: InputSpecs, b: InputSpecs): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => sameSpec(a[name], b[name]));
}

function sameSpec(a: InputSpec | undefined, b: InputSpec | undefined): boolean {
  const text = (spec: InputSpec | undefined) => spec && JSON.stringify([spec.shape, spec.dtype, spec.categories]);
  return text(a) === text(b);
}

function offsetsOf(tables: readonly SourceDataset[]): number[] {
  let next = 0;
  const offsets = tables.map((table) => {
    const offset = next;
    next += 'orderedRows' in table ? table.idLimit : table.ids.reduce((most, id) => Math.max(most, id), 0) + 1;
    return offset;
  });
  if (next <= 2 ** 31) return offsets;
  throw new DatasetError('Row ids of all data sets together must stay below 2147483648. Number the rows from 0.');
}
