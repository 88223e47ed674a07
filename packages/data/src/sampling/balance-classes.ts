import {
  InvalidOptionError,
  permutation,
  requireOption,
  type StoredLabels,
  subset,
  type TableDataset,
  uniformStream,
} from '@polytask/core';
import type { StreamedDataset } from './streamed-dataset.js';

/** How {@link balanceClasses} goes about it. */
export interface BalanceOptions {
  /**
   * `'oversample'`: rows of rarer classes come several times per epoch (the default); `'undersample'`: rows of more frequent
   * classes are left out.
   */
  readonly method?: 'oversample' | 'undersample';
  /** Of which rows come once more, or are left out. Default 0. */
  readonly seed?: number;
}

/**
 * A data set in which every class of a column has the same number of rows. Rows keep their ids; rows without a label stay
 * as they are. For training rows only: on others it would change what is measured.
 *
 * Oversampling repeats all rows of a class equally often and draws the rest at random; undersampling draws the rows that stay.
 * Streamed rows are not repeated but gone through again: a batch has rows of all classes in equal parts, a rare class starts
 * over in a new order when it is used up, and the rest is drawn anew in every epoch. They are copied by class, once.
 *
 * @remarks Class weights (`classWeights: 'balanced'`) have the same expected gradient and cost no rows; sampling makes rare
 * classes come in nearly every batch.
 * @param column - Of class ids.
 * @throws InvalidOptionError (`POLYTASK_INVALID_OPTION`) where the column has no class ids; UnknownNameError
 * (`POLYTASK_UNKNOWN_NAME`) where there is no such column.
 * @example
 * ```ts
 * import { tableDataset } from '@polytask/core';
 * import { balanceClasses } from '@polytask/data';
 *
 * const x = { data: new Float32Array(5), shape: [5, 1] };
 * const dataset = tableDataset({ inputs: { x }, columns: { rare: new Int32Array([0, 0, 0, 1, -1]) } });
 * console.log(balanceClasses(dataset, 'rare').size); // => 7
 * ```
 */
export function balanceClasses(dataset: TableDataset, column: string, options?: BalanceOptions): TableDataset;
export function balanceClasses(
  dataset: StreamedDataset,
  column: string,
  options?: BalanceOptions,
): Promise<StreamedDataset>;
export function balanceClasses(
  dataset: TableDataset | StreamedDataset,
  column: string,
  options: BalanceOptions = {},
): TableDataset | Promise<StreamedDataset> {
  const { method = 'oversample', seed = 0 } = options;
  requireOption(method === 'oversample' || method === 'undersample', 'method', "'oversample' or 'undersample'", method);
  if ('draw' in dataset) return balanceStreamed(dataset, column, method, seed);
  const { classes, unlabelled, wanted } = groupRows(dataset.labels(column), column, method);
  const chosen = [...unlabelled];
  for (const { id, rows } of classes) {
    for (let round = 0; round < Math.floor(wanted / rows.length); round++) for (const row of rows) chosen.push(row);
    for (const row of drawn(rows, wanted % rows.length, seed, id)) chosen.push(row);
  }
  return subset(
    dataset,
    chosen.sort((a, b) => a - b),
  );
}

async function balanceStreamed(
  dataset: StreamedDataset,
  column: string,
  method: 'oversample' | 'undersample',
  seed: number,
): Promise<StreamedDataset> {
  const labels = await dataset.labels(column);
  const { classes, unlabelled, wanted } = groupRows(labels, column, method);
  const codes = new Int32Array(labels.ids.length).fill(-1);
  const times: number[] = [];
  for (const { id, rows } of classes) {
    const kept = method === 'oversample' ? rows : drawn(rows, wanted, seed, id);
    for (const row of kept) codes[row] = times.length;
    times.push(wanted / kept.length);
  }
  for (const row of unlabelled) codes[row] = times.length;
  times.push(1);
  return dataset.draw({ codes, times });
}

/** Rows by class, and how many each class is to have. */
function groupRows({ targets: { data }, ids }: StoredLabels, column: string, method: 'oversample' | 'undersample') {
  if (!(data instanceof Int32Array) || data.length !== ids.length) {
    throw new InvalidOptionError('column', 'a column of class ids, one per row', column);
  }
  const counts = new Map<number, number>();
  for (const id of data) counts.set(id, (counts.get(id) ?? 0) + 1);
  const groups = new Map([...counts].map(([id, count]) => [id, { rows: new Uint32Array(count), filled: 0 }]));
  data.forEach((id, row) => {
    const group = groups.get(id) as { rows: Uint32Array; filled: number };
    group.rows[group.filled++] = row;
  });
  const classes = [...groups].filter(([id]) => id >= 0).map(([id, { rows }]) => ({ id, rows }));
  const unlabelled = [...groups].filter(([id]) => id < 0).flatMap(([, { rows }]) => [...rows]);
  const sizes = classes.map(({ rows }) => rows.length);
  return { classes, unlabelled, wanted: method === 'oversample' ? Math.max(...sizes) : Math.min(...sizes) };
}

/** `count` of the rows at random. */
function drawn(rows: Uint32Array, count: number, seed: number, id: number): Uint32Array {
  if (count === rows.length) return rows;
  const order = permutation(rows.length, uniformStream(seed, 'balance-classes', id));
  return Uint32Array.from({ length: count }, (_, i) => rows[order[i] as number] as number);
}
