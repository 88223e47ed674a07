import { DatasetError } from '../errors/dataset-error.js';
import { UnknownNameError } from '../errors/unknown-name-error.js';
import type { InputSpec, InputSpecs } from '../spec/batch.js';
import type { CursorOptions, MultiTaskDataset } from '../spec/dataset.js';
import { batchCount } from './batch-count.js';
import type { StoredLabels, TableDataset } from './indexed-dataset.js';
import { perTaskCursor, type TaskSource } from './per-task-cursor.js';
import type { TableCursor } from './table-cursor.js';

/** Data sets of several tasks as one data set. */
export interface PerTaskDataset extends MultiTaskDataset {
  /**
   * By source: a row's id in a batch minus this is its id in its own data set. All 0 where sources have inputs of their
   * own, since then no two of them label the same column of rows.
   */
  readonly idOffsets: readonly number[];
  open(options: CursorOptions): TableCursor;
  /** All labels of a column, from the data set that has it. */
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
 * @param sources - By task name.
 * @param defaults - `lastBatch` for cursors that do not say (default `'keep'`).
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
export function perTaskDatasets(
  sources: { readonly [task: string]: TableDataset },
  defaults: Pick<CursorOptions, 'lastBatch'> = {},
): PerTaskDataset {
  const names = Object.keys(sources);
  if (names.length === 0) throw new DatasetError('There must be a data set for at least one task, but there is none.');
  const tables = names.map((name) => sources[name] as TableDataset);
  const columns = names.map((name, s) => columnOf(name, tables[s] as TableDataset));
  requireDifferent(names, columns);
  const common = haveCommonInputs(names, tables);
  const idOffsets = common ? offsetsOf(tables) : tables.map(() => 0);
  const parts = names.map(
    (name, s): TaskSource => ({
      name,
      dataset: tables[s] as TableDataset,
      column: columns[s] as string,
      idOffset: idOffsets[s] as number,
    }),
  );
  const size = tables.reduce((total, { size }) => total + size, 0);
  return {
    inputs: Object.assign({}, ...tables.map(({ inputs }) => inputs)) as InputSpecs,
    columns,
    size,
    sources: names.map((name, s) => ({ name, rows: (tables[s] as TableDataset).size })),
    idOffsets,
    batches: (options) => batchCount(size, { ...defaults, ...options }),
    open: (options) => perTaskCursor(parts, common, { ...defaults, ...options }),
    labels(column) {
      const s = columns.indexOf(column);
      if (s < 0) throw new UnknownNameError('column', column, columns);
      const { ids, ...labels } = (tables[s] as TableDataset).labels(column);
      return { ...labels, ids: ids.map((id) => id + (idOffsets[s] as number)) };
    },
  };
}

function columnOf(task: string, { columns }: TableDataset): string {
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

function haveCommonInputs(names: readonly string[], tables: readonly TableDataset[]): boolean {
  const first = (tables[0] as TableDataset).inputs;
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

function offsetsOf(tables: readonly TableDataset[]): number[] {
  let next = 0;
  const offsets = tables.map(({ ids }) => {
    const offset = next;
    next += ids.reduce((greatest, id) => Math.max(greatest, id), 0) + 1;
    return offset;
  });
  if (next <= 2 ** 31) return offsets;
  throw new DatasetError('Row ids of all data sets together must stay below 2147483648. Number the rows from 0.');
}
