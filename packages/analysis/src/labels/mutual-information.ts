import { requireSameRows } from '../numbers/matrices.js';
import { crossTable, entropyOf, informationOf } from '../numbers/statistics.js';
import { isLabelled, type LabelValues } from './label-values.js';
import { type PermutationOptions, type PermutationTest, permutationTest } from './permutation-test.js';

/** How {@link mutualInformation} measures. */
export interface MutualInformationOptions extends PermutationOptions {
  /** Into how many classes of about as many rows each numbers are divided. Default: ⌊(rows / 5)^½⌋, from 2 to 10. */
  readonly bins?: number;
}

/** What {@link mutualInformation} finds. */
export interface MutualInformation extends PermutationTest {
  /** I(a; b) in nats. */
  readonly information: number;
  /** I(a; b) over the mean of both entropies: 0 … 1. */
  readonly normalized: number;
  /** The same less what chance alone gives: about 0 for independent labels, however many classes they have. */
  readonly adjusted: number;
  /** Rows that have both labels. */
  readonly rows: number;
}

/**
 * Mutual information between the labels of two tasks of any kind, with a permutation test:
 *
 * $$ I(a; b) = \sum_{k, l} p_{kl} \ln \frac{p_{kl}}{p_k \, p_l}, \qquad
 * \text{normalized} = \frac{I}{\tfrac12 (H_a + H_b)}, \qquad
 * \text{adjusted} = \frac{I - \bar I_s}{\tfrac12 (H_a + H_b) - \bar I_s} $$
 *
 * where
 * - p are shares of the rows that have both labels, H entropies; numbers are divided into bins by their ranks;
 * - Ī_s is the mean of I over data in which one side is shuffled.
 *
 * Shapes: two columns `[rows]` → numbers; NaN where no row has both labels, or a column has one class alone.
 *
 * @throws `POLYTASK_SHAPE_MISMATCH` where the columns differ in length.
 * @example
 * ```ts
 * import { mutualInformation } from '@polytask/analysis';
 *
 * const genre = { kind: 'classes', values: [0, 0, 1, 1, 0, 1, 0, 1] } as const;
 * const price = { kind: 'numbers', values: [1, 2, 8, 9, 3, 7, NaN, NaN] } as const;
 * const { normalized, rows } = mutualInformation(genre, price, { bins: 2 });
 * console.log(normalized.toFixed(2), rows); // => 1.00 6
 * ```
 */
export function mutualInformation(
  a: LabelValues,
  b: LabelValues,
  options: MutualInformationOptions = {},
): MutualInformation {
  requireSameRows('The second column of labels', b.values, a.values);
  const rows = Array.from({ length: a.values.length }, (_, row) => row).filter(
    (row) => isLabelled(a, row) && isLabelled(b, row),
  );
  const { bins = Math.min(10, Math.max(2, Math.floor(Math.sqrt(rows.length / 5)))) } = options;
  const [left, right] = [a, b].map(({ kind, values }) => {
    const kept = Float64Array.from(rows, (row) => values[row] as number);
    return kind === 'classes' ? kept : binned(kept, bins);
  }) as [Float64Array, Float64Array];
  const table = crossTable(left, right);
  const entropy = (entropyOf(table.rowSums) + entropyOf(table.columnSums)) / 2;
  if (Math.min(table.rowSums.length, table.columnSums.length) < 2) {
    const [none, count] = [Number.NaN, rows.length];
    return { information: none, normalized: none, adjusted: none, pValue: none, byChance: none, rows: count };
  }
  const information = informationOf(table);
  const test = permutationTest(
    information,
    rows.length,
    (order) =>
      informationOf(
        crossTable(
          left,
          Float64Array.from(order, (row) => right[row] as number),
        ),
      ),
    options,
  );
  return {
    information,
    normalized: information / entropy,
    adjusted: (information - test.byChance) / (entropy - test.byChance),
    ...test,
    rows: rows.length,
  };
}

/** Numbers as classes of about as many rows each; equal numbers stay together. */
export function binned(values: Float64Array, bins: number): Float64Array {
  const sorted = values.slice().sort();
  // The values at which a bin begins; those that begin at the same value are one.
  const edges = new Set(
    Array.from({ length: bins - 1 }, (_, bin) => sorted[Math.floor(((bin + 1) * sorted.length) / bins)] as number),
  );
  const starts = [...edges].filter((edge) => edge > (sorted[0] as number));
  return values.map((value) => starts.filter((start) => value >= start).length);
}
