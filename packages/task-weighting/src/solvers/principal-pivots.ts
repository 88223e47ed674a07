/** Pivots below this share of 1 make a tableau worthless. */
const smallestPivot = 1e-9;
/** Entries of a tableau within this of 0 are rounding. */
const rounding = 1e-12;

/**
 * Guesses which entries are not 0 in the solutions of
 *
 * $$ \arg\min_{y \ge 0} \tfrac12 y^\top H y + h_i^\top y $$
 *
 * where h_i is a column of H, by principal pivots: with F the free entries and N the others, the tableau is
 *
 * $$ T_{FF} = -H_{FF}^{-1}, \quad T_{FN} = H_{FF}^{-1} H_{FN}, \quad T_{NN} = H_{NN} - H_{NF} H_{FF}^{-1} H_{FN} $$
 *
 * so that for every i outside F its column holds −y and the slopes. The entry that is most wrong changes sides, which costs k²/2 products, until none is. What
 * one column came to is where the next begins, and that is nearer than nothing where few tasks can be free at once.
 *
 * @param matrix H, row-major `[k, k]`, with a diagonal of ones.
 * @returns Of a column, the free entries. They may be wrong: rounding adds up, and circles are broken off.
 */
export function principalPivots(matrix: Float64Array, k: number): (column: number) => number[] {
  // The upper triangle is kept.
  const tableau = matrix.slice();
  // 1 for free entries, −1 for others.
  const side = new Float64Array(k).fill(-1);
  const pivot = new Float64Array(k);
  const values = new Float64Array(k);
  const change = (at: number) => {
    sweep(tableau, k, at, side[at] as number, pivot);
    side[at] = -(side[at] as number);
  };
  return (column) => {
    if (side[column] === 1) change(column);
    for (let n = 0; n < k; n++) {
      columnOf(tableau, k, column, values);
      let worst = -1;
      let most = rounding;
      for (let j = 0; j < k; j++) {
        const wrong = (side[j] as number) * (values[j] as number);
        if (!(wrong > most) || j === column) continue;
        if (side[j] === -1 && !((tableau[j * (k + 1)] as number) > smallestPivot)) continue;
        most = wrong;
        worst = j;
      }
      if (worst < 0) break;
      change(worst);
    }
    return [...side.keys()].filter((j) => side[j] === 1);
  };
}

/** Column i of a symmetric matrix of which the upper triangle is kept. */
function columnOf(matrix: Float64Array, k: number, i: number, into: Float64Array): void {
  for (let j = 0, at = i; j < i; j++, at += k) into[j] = matrix[at] as number;
  for (let j = i, at = i * (k + 1); j < k; j++, at++) into[j] = matrix[at] as number;
}

/** Entry p changes sides. */
function sweep(tableau: Float64Array, k: number, p: number, side: number, row: Float64Array): void {
  columnOf(tableau, k, p, row);
  const inverse = 1 / (row[p] as number);
  for (let i = 0; i < k; i++) {
    const factor = (row[i] as number) * inverse;
    for (let j = i, at = i * (k + 1); j < k; j++, at++)
      tableau[at] = (tableau[at] as number) - factor * (row[j] as number);
  }
  const share = -side * inverse;
  for (let j = 0, at = p; j < p; j++, at += k) tableau[at] = (row[j] as number) * share;
  for (let j = p + 1, at = p * (k + 1) + 1; j < k; j++, at++) tableau[at] = (row[j] as number) * share;
  tableau[p * (k + 1)] = -inverse;
}
