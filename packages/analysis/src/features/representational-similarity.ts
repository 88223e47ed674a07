import { matrixOf, type Rows, requireSameRows } from '../numbers/matrices.js';
import { meanOf, rankCorrelation } from '../numbers/statistics.js';

/**
 * Representational similarity analysis: whether two networks find the same pairs of rows alike.
 *
 * $$ \text{RSA}(X, Y) = \text{Spearman}\big( \{1 - r(x_n, x_m)\}_{n < m},\ \{1 - r(y_n, y_m)\}_{n < m} \big) $$
 *
 * where r is Pearson's correlation between the features of two rows.
 *
 * Shapes: x `[rows][p]`, y `[rows][q]`, p and q at least 2 → a number in [-1, 1].
 *
 * @remarks Costs rows² / 2 correlations: a few hundred rows are enough. A row whose features are all the same, such as that of units
 * that are all off, correlates with no other.
 * @throws `POLYTASK_SHAPE_MISMATCH` where the numbers of rows differ; `POLYTASK_INVALID_OPTION` for rows of several lengths.
 * @see K. Dwivedi and G. Roig, "Representation similarity analysis for efficient task taxonomy and transfer learning", CVPR 2019,
 * https://arxiv.org/abs/1904.11740.
 * @example
 * ```ts
 * import { representationalSimilarity } from '@polytask/analysis';
 *
 * const features = [[1, 2, 4], [2, 1, 0], [0, 3, 1], [5, 1, 1]];
 * console.log(representationalSimilarity(features, features.map((row) => row.map((x) => 2 * x + 1)))); // => 1
 * ```
 */
export function representationalSimilarity(x: Rows, y: Rows): number {
  requireSameRows('`y`', y, x);
  return rankCorrelation(dissimilarities(x, 'x'), dissimilarities(y, 'y'));
}

/** 1 − r of every pair of rows, the upper triangle row by row. */
function dissimilarities(rows: Rows, name: string): Float64Array {
  const directions = matrixOf(rows, name).to2DArray().map(directionOf);
  const found: number[] = [];
  directions.forEach((a, n) => {
    for (const b of directions.slice(n + 1)) {
      let alike = 0;
      for (let k = 0; k < a.length; k++) alike += (a[k] as number) * (b[k] as number);
      found.push(1 - alike);
    }
  });
  return Float64Array.from(found);
}

/** A row less its mean, at length 1, so that products are correlations; zeros where it does not vary. */
function directionOf(row: readonly number[]): Float64Array {
  const mean = meanOf(row);
  const from = Float64Array.from(row, (value) => value - mean);
  const length = Math.sqrt(from.reduce((sum, value) => sum + value * value, 0));
  return length > 1e-12 * Math.abs(mean) * Math.sqrt(row.length) ? from.map((value) => value / length) : from.fill(0);
}
