import { type TableDataset, tableDataset, uniformStream } from '@polytask/core';

/** What is known of rows with two views. */
export interface TwoViews {
  readonly data: TableDataset;
  /** The truth of every row, also of those without a label. */
  readonly truth: Float32Array;
}

/**
 * Rows whose two views tell of the same thing, each with noise of its own: a class (0 or 1), or a number.
 *
 * @param labelled Share of the rows that have a label, the same for `a` and `b`.
 */
export function twoViews(
  kind: 'class' | 'number',
  { rows = 200, labelled = 0.05, width = 4, noise = 1.6, seed = 0 as number | string } = {},
): TwoViews {
  const uniform = uniformStream('two-views', seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  const truth = Float32Array.from({ length: rows }, () =>
    kind === 'class' ? Number(uniform() < 0.5) : 2 * uniform() - 1,
  );
  const view = () => {
    const x = new Float32Array(rows * width);
    for (let row = 0; row < rows; row++) {
      const value = kind === 'class' ? 2 * (truth[row] as number) - 1 : (truth[row] as number);
      for (let i = 0; i < width; i++) {
        const signal = kind === 'class' ? value : Math.sin((i + 1) * value);
        x[row * width + i] = signal + noise * normal();
      }
    }
    return { data: x, shape: [rows, width] };
  };
  const every = Math.round(1 / labelled);
  const known = (row: number) => row % every === 0;
  const column =
    kind === 'class'
      ? Int32Array.from(truth, (value, row) => (known(row) ? value : -1))
      : truth.map((value, row) => (known(row) ? value : Number.NaN));
  return {
    data: tableDataset({ inputs: { left: view(), right: view() }, columns: { a: column, b: column.slice() } }),
    truth,
  };
}
