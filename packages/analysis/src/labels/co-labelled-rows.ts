import { taskMatrix } from '../numbers/matrices.js';
import { isLabelled, type LabelValues } from './label-values.js';

/**
 * How many rows have labels of both of two tasks; on the diagonal, of one.
 *
 * Shapes: K columns `[rows]` → `[K][K]`.
 *
 * @remarks Tasks that share no labelled row can still share a trunk, but their labels cannot be compared, and no constraint between
 * their predictions can be learned from them.
 * @example
 * ```ts
 * import { coLabelledRows } from '@polytask/analysis';
 *
 * const a = { kind: 'classes', values: [0, 1, -1] } as const;
 * const b = { kind: 'numbers', values: [NaN, 2.5, 1] } as const;
 * console.log(coLabelledRows([a, b])); // => [ [ 2, 1 ], [ 1, 2 ] ]
 * ```
 */
export function coLabelledRows(labels: readonly LabelValues[]): number[][] {
  const present = labels.map((column) => Uint8Array.from(column.values, (_, row) => (isLabelled(column, row) ? 1 : 0)));
  return taskMatrix(labels.length, (i, j) => {
    let both = 0;
    present[i]?.forEach((there, row) => {
      if (there === 1 && present[j]?.[row] === 1) both += 1;
    });
    return both;
  });
}
