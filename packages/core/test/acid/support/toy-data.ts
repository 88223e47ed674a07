import { regression, type TableDataset, tableDataset, uniformFloats } from '@polytask/core';

/** Regressions on what `toyTable` has; not standardised, so that losses are plain mean squared errors. */
export function toyTasks(...names: string[]) {
  return names.map((name) => regression(name, { standardize: false }));
}

/**
 * `rows` rows of input `x` [4], and per task a target that is a function of it: conflicting slopes, and a bend.
 *
 * @param missing - rows without a label, by task.
 */
export function toyTable(
  names: readonly string[],
  rows: number,
  missing: { readonly [task: string]: (row: number) => boolean } = {},
  seed = 'toy',
): TableDataset {
  const x = uniformFloats(rows * 4, seed).map((value) => 2 * value - 1);
  const columns = names.map((name, k) => {
    const values = new Float32Array(rows);
    for (let row = 0; row < rows; row++) {
      const [a, b, c, d] = x.subarray(4 * row, 4 * row + 4) as unknown as [number, number, number, number];
      const slope = k % 2 === 0 ? 1 : -0.8;
      values[row] = missing[name]?.(row)
        ? Number.NaN
        : slope * a + 0.3 * k * b + Math.sin(2 * c * (k + 1)) + 0.5 * d * d;
    }
    return [name, values] as const;
  });
  return tableDataset({ inputs: { x: { data: x, shape: [rows, 4] } }, columns: Object.fromEntries(columns) });
}
