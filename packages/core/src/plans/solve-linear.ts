/**
 * Solves the symmetric system G x = b by Gaussian elimination with pivoting; directions in which G vanishes get 0. For
 * reporting only: K is the number of tasks.
 */
export function solveLinear(matrix: Float64Array, right: Float64Array): Float64Array {
  const n = right.length;
  const a = Array.from({ length: n }, (_, i) => [...matrix.subarray(i * n, (i + 1) * n), right[i] as number]);
  const scale = Math.max(0, ...a.map((row, i) => Math.abs(row[i] as number)));
  const pivots: number[] = [];
  let row = 0;
  for (let column = 0; column < n && row < n; column++) {
    let best = row;
    for (let i = row; i < n; i++) if (Math.abs(at(a, i, column)) > Math.abs(at(a, best, column))) best = i;
    // float32 Gramians are exact to about seven digits.
    if (Math.abs(at(a, best, column)) <= 1e-7 * scale) continue;
    [a[row], a[best]] = [a[best] as number[], a[row] as number[]];
    for (let i = 0; i < n; i++) {
      if (i === row) continue;
      const factor = at(a, i, column) / at(a, row, column);
      for (let j = column; j <= n; j++) (a[i] as number[])[j] = at(a, i, j) - factor * at(a, row, j);
    }
    pivots.push(column);
    row++;
  }
  const solution = new Float64Array(n);
  pivots.forEach((column, i) => {
    solution[column] = at(a, i, n) / at(a, i, column);
  });
  return solution;
}

function at(rows: readonly (readonly number[])[], i: number, j: number): number {
  return (rows[i] as readonly number[])[j] as number;
}
