import { subtractMultiple } from './dense.js';

/** Pivots below this share of 1 make a tableau worthless. */
const smallestPivot = 1e-9;
/** Entries of a tableau within this of 0 are rounding. */
const rounding = 1e-12;

/**
 * Guesses which entries are not 0 in the solutions of
 *
 * $$ \arg\min_{y \ge 0} \tfrac12 y^\top H y + h_i^\top y $$
 *
 * for some columns h_i of H, by principal pivots: with F the free entries and N the others, the tableau is
 *
 * $$ T_{FF} = -H_{FF}^{-1}, \quad T_{FN} = H_{FF}^{-1} H_{FN}, \quad T_{NN} = H_{NN} - H_{NF} H_{FF}^{-1} H_{FN} $$
 *
 * so that for every i outside F its column holds −y and the slopes. The entry that is most wrong changes sides, which costs k²/2 products, until none is.
 * From what one column came to, the one that has least wrong is next.
 *
 * @param matrix H, row-major `[k, k]`, with a diagonal of ones.
 * @returns Column after column, with its free entries. They may be wrong: rounding adds up, and circles are broken off.
 */
export function* principalPivots(
  matrix: Float64Array,
  columns: readonly number[],
): Generator<{ readonly column: number; readonly free: number[] }> {
  const k = Math.round(Math.sqrt(matrix.length));
  // Of a symmetric matrix the upper triangle is kept.
  const tableau = matrix.slice();
  // 1 for free entries, −1 for others.
  const sides = new Float64Array(k).fill(-1);
  const buffer = new Float64Array(k);
  const change = (at: number) => {
    sweep(tableau, at, sides[at] as number, buffer);
    sides[at] = -(sides[at] as number);
  };
  for (let left = columns; left.length > 0; ) {
    const wrong = wrongByColumn(tableau, sides);
    const column = left.reduce((best, i) => ((wrong[i] as number) < (wrong[best] as number) ? i : best));
    if (sides[column] === 1) change(column);
    for (let n = 0; n < k; n++) {
      const worst = mostWrong(tableau, column, sides, buffer);
      if (worst < 0) break;
      change(worst);
    }
    yield { column, free: [...sides.keys()].filter((j) => sides[j] === 1) };
    left = left.filter((i) => i !== column);
  }
}

/** How far entries are on the wrong side of 0, summed by column. */
function wrongByColumn(tableau: Float64Array, sides: Float64Array): Float64Array {
  const k = sides.length;
  const result = new Float64Array(k);
  for (let i = 0, at = 0; i < k; i++) {
    const side = sides[i] as number;
    let sum = 0;
    at += i + 1;
    for (let j = i + 1; j < k; j++, at++) {
      const value = tableau[at] as number;
      sum += Math.max(0, (sides[j] as number) * value);
      result[j] = (result[j] as number) + Math.max(0, side * value);
    }
    result[i] = (result[i] as number) + sum;
  }
  return result;
}

/** The free entry that is furthest below 0, or the other one that lowers the value most by becoming free; −1 where there is neither. */
function mostWrong(tableau: Float64Array, column: number, sides: Float64Array, values: Float64Array): number {
  const k = sides.length;
  columnOf(tableau, column, values);
  let worst = -1;
  let most = 0;
  for (let j = 0; j < k; j++) {
    const value = (sides[j] as number) * (values[j] as number);
    if (!(value > rounding) || j === column) continue;
    const pivot = sides[j] === 1 ? 1 : (tableau[j * (k + 1)] as number);
    const square = (value * value) / pivot;
    if (pivot > smallestPivot && square > most) [most, worst] = [square, j];
  }
  return worst;
}

/** Column i. */
function columnOf(triangle: Float64Array, i: number, into: Float64Array): void {
  const k = into.length;
  for (let j = 0, at = i; j < i; j++, at += k) into[j] = triangle[at] as number;
  for (let j = i, at = i * (k + 1); j < k; j++, at++) into[j] = triangle[at] as number;
}

/** Entry p changes sides. */
function sweep(tableau: Float64Array, p: number, side: number, buffer: Float64Array): void {
  const k = buffer.length;
  columnOf(tableau, p, buffer);
  const inverse = 1 / (buffer[p] as number);
  for (let i = 0; i < k; i++) {
    subtractMultiple(tableau, i * (k + 1), buffer, i, k - i, (buffer[i] as number) * inverse);
  }
  const share = -side * inverse;
  for (let j = 0, at = p; j < p; j++, at += k) tableau[at] = (buffer[j] as number) * share;
  for (let j = p + 1, at = p * (k + 1) + 1; j < k; j++, at++) tableau[at] = (buffer[j] as number) * share;
  tableau[p * (k + 1)] = -inverse;
}
