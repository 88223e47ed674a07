/** A pivot below this share of 1 counts as nought: its row depends on those before. */
const smallestPivot = 1e-14;

/** L with L Lᵀ = A for some rows and columns of A. */
export interface Factor {
  /** Which rows and columns: those chosen, without those that depend on the ones before. */
  readonly kept: readonly number[];
  /** Row i of L, of length i + 1. */
  readonly rows: readonly Float64Array[];
}

/**
 * Cholesky's factor of the chosen rows and columns of a symmetric matrix.
 *
 * @param matrix Row-major `[k, k]`, positive semidefinite, with a diagonal of about 1.
 * @param chosen In which order; rows that depend on earlier ones are left out.
 * @param known A factor of other rows of the same matrix: as far as both begin alike, its rows are taken over.
 */
export function factorize(matrix: Float64Array, k: number, chosen: readonly number[], known?: Factor): Factor {
  let same = 0;
  while (known !== undefined && same < known.kept.length && known.kept[same] === chosen[same]) same++;
  const kept = chosen.slice(0, same);
  const rows = known === undefined ? [] : known.rows.slice(0, same);
  for (const index of chosen.slice(same)) {
    const n = kept.length;
    const row = new Float64Array(n + 1);
    for (let j = 0; j < n; j++) {
      const above = rows[j] as Float64Array;
      let sum = matrix[index * k + (kept[j] as number)] as number;
      for (let m = 0; m < j; m++) sum -= (row[m] as number) * (above[m] as number);
      row[j] = sum / (above[j] as number);
    }
    let pivot = matrix[index * k + index] as number;
    for (let m = 0; m < n; m++) pivot -= (row[m] as number) ** 2;
    if (!(pivot > smallestPivot)) continue;
    row[n] = Math.sqrt(pivot);
    kept.push(index);
    rows.push(row);
  }
  return { kept, rows };
}

/** x with L Lᵀ x = b, in the order of `kept`. */
export function solveFactored({ rows }: Factor, right: ArrayLike<number>): Float64Array {
  const n = rows.length;
  const x = Float64Array.from({ length: n }, (_, i) => right[i] as number);
  for (let i = 0; i < n; i++) {
    const row = rows[i] as Float64Array;
    for (let j = 0; j < i; j++) x[i] = (x[i] as number) - (row[j] as number) * (x[j] as number);
    x[i] = (x[i] as number) / (row[i] as number);
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let j = i + 1; j < n; j++) {
      x[i] = (x[i] as number) - ((rows[j] as Float64Array)[i] as number) * (x[j] as number);
    }
    x[i] = (x[i] as number) / ((rows[i] as Float64Array)[i] as number);
  }
  return x;
}
