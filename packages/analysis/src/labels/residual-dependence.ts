import { Matrix } from 'ml-matrix';
import { basisOf, correlationsOf } from '../features/canonical-correlation.js';
import { matrixOf, type Rows, requireSameRows } from '../numbers/matrices.js';
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
 * where ŷ and p̂ are predictions of a fitted model, ρ the first of `canonicalCorrelations`, and the permutation test shuffles
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
 * console.log(residualDependence(width, height).correlation?.toFixed(6)); // => 1.000000
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
  const [left, right] = [a, b].map((side) => basisOf(matrixOf(residualsOf(side, rows), 'residuals'), 1)) as [
    Basis,
    Basis,
  ];
  if (left === undefined || right === undefined) return none;
  // A basis of shuffled rows is the basis, its rows shuffled.
  const alike = (others: Matrix) => correlationsOf(left, others)[0] as number;
  const value = alike(right);
  const shuffled = (order: Uint32Array) => new Matrix(Array.from(order, (row) => right.getRow(row)));
  const test = permutationTest(value, rows.length, (order) => alike(shuffled(order)), options);
  if (a.kind === 'classes' || b.kind === 'classes') return { value, ...test, rows: rows.length };
  const [x, y] = [a, b].map((side) => residualsOf(side, rows).map(([residual]) => residual as number));
  return { value, correlation: correlation(x as number[], y as number[]), ...test, rows: rows.length };
}

type Basis = Matrix | undefined;

function residualsOf({ kind, values, predictions }: PredictedLabels, rows: readonly number[]): number[][] {
  if (kind === 'numbers') {
    return rows.map((row) => [(values[row] as number) - (predictions[row] as number)]);
  }
  return rows.map((row) =>
    Array.from(predictions[row] as ArrayLike<number>, (p, one) => (values[row] === one ? 1 : 0) - p),
  );
}
