import { canonicalCorrelations } from '../features/canonical-correlation.js';
import { type Rows, requireSameRows } from '../numbers/matrices.js';
import { correlation } from '../numbers/statistics.js';
import type { LabelValues } from './label-values.js';
import { isLabelled } from './label-values.js';
import { type PermutationOptions, type PermutationTest, permutationTest } from './permutation-test.js';

/** Labels, and what a fitted model predicts for the same rows. */
export interface PredictedLabels extends LabelValues {
  /** For numbers `[rows]`; for classes the probability of every class `[rows][classes]`. */
  readonly predictions: ArrayLike<number> | Rows;
}

/** What {@link residualDependence} finds. */
export interface ResidualDependence extends PermutationTest {
  /** The largest correlation between what is left of a and what is left of b: 0 … 1; NaN where a side leaves nothing. */
  readonly value: number;
  /** Of two columns of numbers: the correlation with its sign. */
  readonly correlation?: number;
  /** Rows that have both labels. */
  readonly rows: number;
}

/**
 * Whether two tasks still depend on each other once what the inputs say is taken out: the room for constraints between predictions
 * and for decoding tasks together.
 *
 * $$ \rho = \max_{u, v}\ \operatorname{corr}\big( u^\top r_a,\ v^\top r_b \big), \qquad
 * r = y - \hat y \ \text{(numbers)}, \quad r = \text{onehot}(y) - \hat p \ \text{(classes)} $$
 *
 * where ŷ and p̂ are predictions of a fitted model, ρ the first of {@link canonicalCorrelations}, and the permutation test shuffles
 * the rows of b's residuals.
 *
 * Shapes: labels and predictions of the same rows for both tasks → numbers over the rows that have both labels.
 *
 * @remarks Take rows that the model was not fitted to. What a weak model leaves behind still depends on the inputs, and so do the
 * residuals of two tasks: the value is about these models, not about the data alone.
 * @throws `POLYTASK_SHAPE_MISMATCH` where the numbers of rows differ.
 * @example
 * ```ts
 * import { residualDependence } from '@polytask/analysis';
 *
 * // Both predictions miss the same way in every row.
 * const width = { kind: 'numbers', values: [1, 4, 2, 9], predictions: [2, 3, 3, 8] } as const;
 * const height = { kind: 'numbers', values: [5, 5, 1, 7], predictions: [6, 4, 2, 6] } as const;
 * console.log(residualDependence(width, height).correlation); // => 1
 * ```
 */
export function residualDependence(
  a: PredictedLabels,
  b: PredictedLabels,
  options: PermutationOptions = {},
): ResidualDependence {
  requireSameRows('The second column of labels', b.values, a.values);
  for (const { values, predictions } of [a, b]) requireSameRows('`predictions`', predictions, values);
  const rows = Array.from({ length: a.values.length }, (_, row) => row).filter(
    (row) => isLabelled(a, row) && isLabelled(b, row),
  );
  const none = { value: Number.NaN, pValue: Number.NaN, byChance: Number.NaN, rows: rows.length };
  if (rows.length < 3) return none;
  const [left, right] = [residualsOf(a, rows), residualsOf(b, rows)];
  const alike = (order?: Uint32Array) => {
    const others = order === undefined ? right : Array.from(order, (row) => right[row] as number[]);
    if (a.kind === 'numbers' && b.kind === 'numbers') {
      return correlation(
        left.map(([value]) => value as number),
        others.map(([value]) => value as number),
      );
    }
    return canonicalCorrelations(left, others)[0] ?? Number.NaN;
  };
  const found = alike();
  if (Number.isNaN(found)) return none;
  const value = Math.abs(found);
  const test = permutationTest(value, rows.length, (order) => Math.abs(alike(order)), options);
  const signed = a.kind === 'numbers' && b.kind === 'numbers' ? { correlation: found } : {};
  return { value, ...signed, ...test, rows: rows.length };
}

function residualsOf({ kind, values, predictions }: PredictedLabels, rows: readonly number[]): number[][] {
  if (kind === 'numbers') {
    return rows.map((row) => [(values[row] as number) - (predictions[row] as number)]);
  }
  return rows.map((row) =>
    Array.from(predictions[row] as ArrayLike<number>, (p, one) => (values[row] === one ? 1 : 0) - p),
  );
}
