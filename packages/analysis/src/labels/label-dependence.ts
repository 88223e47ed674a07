import { canonicalCorrelations } from '../features/canonical-correlation.js';
import { type Rows, requireSameRows } from '../numbers/matrices.js';
import { pearsonCorrelation, spearmanCorrelation } from './correlation.js';
import { correlationRatio } from './correlation-ratio.js';
import { cramersV } from './cramers-v.js';
import { isLabelled, type LabelValues } from './label-values.js';
import { type MutualInformationOptions, mutualInformation } from './mutual-information.js';

/** Labels that are several numbers each, row by row; NaN where a row has none. */
export interface VectorLabels {
  readonly kind: 'vectors';
  readonly values: Rows;
}

/** What {@link labelDependence} finds. */
export interface LabelDependence {
  /** What `value` is. */
  readonly measure: 'pearson' | 'cramers-v' | 'correlation-ratio' | 'canonical-correlation';
  /** In [-1, 1] for Pearson's correlation, else in [0, 1]. */
  readonly value: number;
  /** Of two columns of numbers: Spearman's rank correlation. */
  readonly ranks?: number;
  /** Mutual information over the mean entropy, less what chance gives; missing for vectors. */
  readonly adjustedInformation?: number;
  /** How probable so much mutual information is without dependence; missing for vectors. */
  readonly pValue?: number;
  /** Rows that have both labels. */
  readonly rows: number;
}

/**
 * How much the labels of two tasks depend on each other, by the measure that fits their kinds:
 *
 * | a | b | measure |
 * | --- | --- | --- |
 * | numbers | numbers | {@link pearsonCorrelation}, and {@link spearmanCorrelation} as `ranks` |
 * | classes | classes | {@link cramersV}, bias corrected |
 * | classes | numbers | {@link correlationRatio} |
 * | vectors | anything | the largest of {@link canonicalCorrelations}, classes one-hot |
 *
 * For all but vectors also {@link mutualInformation} with its permutation test.
 *
 * Shapes: two columns of labels of the same rows → numbers over the rows that have both.
 *
 * @throws `POLYTASK_SHAPE_MISMATCH` where the columns differ in length.
 * @example
 * ```ts
 * import { labelDependence } from '@polytask/analysis';
 *
 * const size = { kind: 'numbers', values: [1, 2, 3, 4, NaN] } as const;
 * const price = { kind: 'numbers', values: [9, 7, 5, 3, 1] } as const;
 * const { measure, value, rows } = labelDependence(size, price);
 * console.log(measure, value.toFixed(2), rows); // => pearson -1.00 4
 * ```
 */
export function labelDependence(
  a: LabelValues | VectorLabels,
  b: LabelValues | VectorLabels,
  options: MutualInformationOptions = {},
): LabelDependence {
  requireSameRows('The second column of labels', b.values, a.values);
  if (a.kind === 'vectors' || b.kind === 'vectors') {
    const rows = Array.from(a.values as ArrayLike<unknown>, (_, row) => row).filter(
      (row) => hasAll(a, row) && hasAll(b, row),
    );
    const [largest = Number.NaN] = rows.length < 2 ? [] : canonicalCorrelations(vectorsOf(a, rows), vectorsOf(b, rows));
    return { measure: 'canonical-correlation', value: largest, rows: rows.length };
  }
  const { adjusted, pValue, rows } = mutualInformation(a, b, options);
  const more = { adjustedInformation: adjusted, pValue, rows };
  if (a.kind === 'numbers' && b.kind === 'numbers') {
    const ranks = spearmanCorrelation(a.values, b.values);
    return { measure: 'pearson', value: pearsonCorrelation(a.values, b.values), ranks, ...more };
  }
  if (a.kind === 'classes' && b.kind === 'classes') {
    return { measure: 'cramers-v', value: cramersV(a.values, b.values), ...more };
  }
  const [classes, numbers] = a.kind === 'classes' ? [a, b] : [b, a];
  return { measure: 'correlation-ratio', value: correlationRatio(classes.values, numbers.values), ...more };
}

function hasAll(labels: LabelValues | VectorLabels, row: number): boolean {
  if (labels.kind !== 'vectors') return isLabelled(labels, row);
  return Array.from(labels.values[row] as ArrayLike<number>).every(Number.isFinite);
}

/** Labels as vectors: a class as its one-hot vector, a number as one entry. */
function vectorsOf(labels: LabelValues | VectorLabels, rows: readonly number[]): number[][] {
  if (labels.kind === 'vectors') return rows.map((row) => Array.from(labels.values[row] as ArrayLike<number>));
  const values = rows.map((row) => labels.values[row] as number);
  if (labels.kind === 'numbers') return values.map((value) => [value]);
  const classes = [...new Set(values)].sort((x, y) => x - y);
  return values.map((value) => classes.map((one) => (one === value ? 1 : 0)));
}
