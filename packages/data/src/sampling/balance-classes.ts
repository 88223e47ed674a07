import {
  InvalidOptionError,
  permutation,
  requireOption,
  subset,
  type TableDataset,
  uniformStream,
} from '@polytask/core';

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
export function balanceClasses(dataset: TableDataset, column: string, options: BalanceOptions = {}): TableDataset {
  const { method = 'oversample', seed = 0 } = options;
  requireOption(method === 'oversample' || method === 'undersample', 'method', "'oversample' or 'undersample'", method);
  const { data } = dataset.labels(column).targets;
  if (!(data instanceof Int32Array) || data.length !== dataset.size) {
    throw new InvalidOptionError('column', 'a column of class ids, one per row', column);
  }
  const byClass = new Map<number, number[]>();
  const chosen: number[] = [];
  data.forEach((id, row) => {
    if (id < 0) {
      chosen.push(row);
      return;
    }
    const rows = byClass.get(id);
    if (rows === undefined) byClass.set(id, [row]);
    else rows.push(row);
  });
  const counts = Array.from(byClass.values(), (rows) => rows.length);
  const wanted = method === 'oversample' ? Math.max(...counts) : Math.min(...counts);
  for (const [id, rows] of byClass) {
    for (let round = 0; round < Math.floor(wanted / rows.length); round++) for (const row of rows) chosen.push(row);
    const order = permutation(rows.length, uniformStream(seed, 'balance-classes', id));
    for (let i = 0; i < wanted % rows.length; i++) chosen.push(rows[order[i] as number] as number);
  }
  return subset(
    dataset,
    chosen.sort((a, b) => a - b),
  );
}
