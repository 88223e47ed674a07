import { sumOf } from './dense.js';
import { notConverged } from './not-converged.js';

/** What is smaller than this counts as 0. */
const rounding = 1e-11;

/**
 * A linear program over shares:
 *
 * $$ \max_{\beta \ge 0,\ \sum \beta = 1} c \cdot \beta \quad\text{with}\quad A \beta \ge b, \quad b \le 0 $$
 *
 * by the simplex method on a dense tableau, with Bland's rule, under which it comes to an end. Since b ≤ 0, β = 0 solves all but the sum, which a
 * large gain per share brings to 1 wherever that is possible.
 *
 * @param gains c `[k]`.
 * @param rows A, each `[k]`.
 * @param least b, not above 0.
 * @throws `POLYTASK_SOLVER` where no shares with a sum of 1 fulfil all.
 */
export function bestShares(
  gains: ArrayLike<number>,
  rows: readonly ArrayLike<number>[],
  least: readonly number[],
): Float64Array {
  const k = gains.length;
  const m = rows.length + 1;
  const size = Math.max(1e-300, ...Array.from(gains, Math.abs));
  const width = k + m + 1;
  // −A β + s = −b, Σ β + s = 1; the last column is the right side, the last row what is still to be gained by each column.
  const tableau = rows.map((row, i) => {
    const line = new Float64Array(width);
    for (let j = 0; j < k; j++) line[j] = -(row[j] as number);
    line[k + i] = 1;
    line[width - 1] = -(least[i] as number);
    return line;
  });
  const total = new Float64Array(width);
  total.fill(1, 0, k);
  total[k + m - 1] = 1;
  total[width - 1] = 1;
  tableau.push(total);
  const gain = new Float64Array(width);
  for (let j = 0; j < k; j++) gain[j] = (gains[j] as number) / size + 1e6;
  const basis = tableau.map((_, i) => k + i);

  const most = 200 * (k + m);
  for (let n = 0; n < most; n++) {
    const entering = gain.findIndex((value, j) => j < width - 1 && value > rounding * 1e6);
    if (entering < 0) break;
    let leaving = -1;
    let best = Number.POSITIVE_INFINITY;
    tableau.forEach((line, i) => {
      const pivot = line[entering] as number;
      if (pivot <= rounding) return;
      const ratio = (line[width - 1] as number) / pivot;
      if (ratio < best || (ratio === best && (basis[i] as number) < (basis[leaving] as number)))
        [best, leaving] = [ratio, i];
    });
    if (leaving < 0) break;
    const chosen = tableau[leaving] as Float64Array;
    const pivot = chosen[entering] as number;
    for (let j = 0; j < width; j++) chosen[j] = (chosen[j] as number) / pivot;
    for (const line of [...tableau, gain]) {
      const factor = line[entering] as number;
      if (line === chosen || factor === 0) continue;
      for (let j = 0; j < width; j++) line[j] = (line[j] as number) - factor * (chosen[j] as number);
    }
    basis[leaving] = entering;
  }
  const shares = new Float64Array(k);
  basis.forEach((column, i) => {
    if (column < k) shares[column] = Math.max(0, tableau[i]?.[width - 1] as number);
  });
  const sum = sumOf(shares);
  if (Math.abs(sum - 1) > 1e-6)
    throw notConverged('The shares of the tasks, with a sum of 1,', Math.abs(sum - 1), 1e-6);
  return shares.map((share) => share / sum);
}
