import { subtractMultiple } from './dense.js';

/** A pivot below this share of 1 counts as nought: its row depends on those before. */
const smallestPivot = 1e-14;

/** L with L Lᵀ = A for some rows and columns of A. */
export interface Factor {
  /** Which rows and columns: those chosen, without those that depend on the ones before. */
  readonly kept: readonly number[];
  /** Where these are among the chosen. */
  readonly places: readonly number[];
  /** Lᵀ, row-major `[n, n]` for n chosen: its upper triangle, by place. */
  readonly upper: Float64Array;
}

/**
 * Cholesky's factor of the chosen rows and columns of a symmetric matrix.
 *
 * @param matrix Row-major `[k, k]`, positive semidefinite, with a diagonal of about 1. Of two entries that mirror each other, the one in the row that is
 * chosen later is read.
 * @param chosen In which order; rows that depend on earlier ones are left out.
 */
export function factorize(matrix: Float64Array, k: number, chosen: readonly number[]): Factor {
  const n = chosen.length;
  const upper = new Float64Array(n * n);
  for (let j = 0; j < n; j++) {
    const row = (chosen[j] as number) * k;
    for (let i = 0; i <= j; i++) upper[i * n + j] = matrix[row + (chosen[i] as number)] as number;
  }
  const kept: number[] = [];
  const places: number[] = [];
  for (let p = 0; p < n; p++) {
    const pivot = upper[p * (n + 1)] as number;
    if (!(pivot > smallestPivot)) continue;
    kept.push(chosen[p] as number);
    places.push(p);
    const own = p * n;
    const root = Math.sqrt(pivot);
    for (let j = p; j < n; j++) upper[own + j] = (upper[own + j] as number) / root;
    for (let i = p + 1; i < n; i++) {
      subtractMultiple(upper, i * (n + 1), upper, own + i, n - i, upper[own + i] as number);
    }
  }
  return { kept, places, upper };
}

/** x with L Lᵀ x = b, in the order of `kept`. */
export function solveFactored({ places, upper }: Factor, right: ArrayLike<number>): Float64Array {
  const n = Math.round(Math.sqrt(upper.length));
  const left = new Float64Array(n);
  for (let at = 0; at < places.length; at++) left[places[at] as number] = right[at] as number;
  for (const p of places) {
    const row = p * n;
    const value = (left[p] as number) / (upper[row + p] as number);
    left[p] = value;
    subtractMultiple(left, p + 1, upper, row + p + 1, n - p - 1, value);
  }
  const x = new Float64Array(n);
  for (let at = places.length - 1; at >= 0; at--) {
    const p = places[at] as number;
    let sum = left[p] as number;
    for (let j = p + 1; j < n; j++) sum -= (upper[p * n + j] as number) * (x[j] as number);
    x[p] = sum / (upper[p * (n + 1)] as number);
  }
  return Float64Array.from(places, (p) => x[p] as number);
}
