import { permutation, uniformStream } from '@polytask/core';
import { isLabelled, type LabelValues } from '../labels/label-values.js';
import { binned } from '../labels/mutual-information.js';
import { type PermutationOptions, type PermutationTest, permutationTest } from '../labels/permutation-test.js';
import { requireSameRows } from '../numbers/matrices.js';
import { crossTable, informationOf } from '../numbers/statistics.js';

/** How {@link conditionalInformation} measures. */
export interface ConditionalInformationOptions extends PermutationOptions {
  /** Into how many classes of about as many rows each numbers are divided. Default 4. */
  readonly bins?: number;
}

/** What {@link conditionalInformation} finds. */
export interface ConditionalInformation extends PermutationTest {
  /** I(y; ŷ_other | ŷ_own) in nats. */
  readonly information: number;
  /** The same less what chance alone gives. */
  readonly excess: number;
  /** Rows that have a label and both predictions. */
  readonly rows: number;
}

/**
 * What another task's prediction says about a task's labels that the task's own prediction does not say already: 0 where there is
 * nothing to be gained by looking at the other.
 *
 * $$ I(y_j;\ \hat y_i \mid \hat y_j) = \sum_z p(z) \sum_{y, x} p(y, x \mid z) \ln \frac{p(y, x \mid z)}{p(y \mid z)\, p(x \mid z)} $$
 *
 * where z are the classes of the task's own prediction, x those of the other's and y those of the labels; numbers are divided into
 * bins by their ranks.
 *
 * Shapes: three columns `[rows]` → numbers over the rows that have all.
 *
 * @remarks Estimated by shares, which is too large with few rows: the permutation test shuffles the other's predictions within each
 * class of the own ones, and `excess` takes out what that gives.
 * @param label - y; `own` the task's own predictions and `other` the other task's, as classes or numbers.
 * @throws `POLYTASK_SHAPE_MISMATCH` where the columns differ in length.
 * @example
 * ```ts
 * import { conditionalInformation } from '@polytask/analysis';
 *
 * // The own prediction says nothing, the other all.
 * const label = { kind: 'classes', values: [0, 1, 0, 1, 0, 1, 0, 1] } as const;
 * const own = { kind: 'classes', values: [0, 0, 0, 0, 1, 1, 1, 1] } as const;
 * console.log(conditionalInformation(label, own, label).information.toFixed(4)); // => 0.6931
 * ```
 */
export function conditionalInformation(
  label: LabelValues,
  own: LabelValues,
  other: LabelValues,
  options: ConditionalInformationOptions = {},
): ConditionalInformation {
  const { bins = 4 } = options;
  const columns = [label, own, other];
  for (const { values } of columns) requireSameRows('A column', values, label.values);
  const rows = Array.from({ length: label.values.length }, (_, row) => row).filter((row) =>
    columns.every((column) => isLabelled(column, row)),
  );
  const [y, z, x] = columns.map(({ kind, values }) => {
    const kept = Float64Array.from(rows, (row) => values[row] as number);
    return kind === 'classes' ? kept : binned(kept, bins);
  }) as [Float64Array, Float64Array, Float64Array];
  const strata = [...new Set(z)].map((one) => Uint32Array.from(rows.keys()).filter((n) => z[n] === one));
  const information = (others: Float64Array) =>
    strata.reduce((sum, members) => {
      const within = (values: Float64Array) => Float64Array.from(members, (n) => values[n] as number);
      return sum + (members.length / rows.length) * informationOf(crossTable(within(y), within(others)));
    }, 0);
  const found = rows.length === 0 ? Number.NaN : information(x);
  const { seed = 0 } = options;
  let shuffle = 0;
  const test = permutationTest(
    found,
    rows.length,
    () => {
      const shuffled = new Float64Array(x.length);
      const uniform = uniformStream(seed, 'strata', shuffle++);
      for (const members of strata) {
        permutation(members.length, uniform).forEach((from, to) => {
          shuffled[members[to] as number] = x[members[from] as number] as number;
        });
      }
      return information(shuffled);
    },
    rows.length === 0 ? { ...options, permutations: 0 } : options,
  );
  return { information: found, excess: found - test.byChance, ...test, rows: rows.length };
}
