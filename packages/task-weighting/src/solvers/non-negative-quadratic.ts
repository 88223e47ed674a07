import { type Factor, factorize, solveFactored } from './cholesky.js';
import { dot } from './dense.js';
import { notConverged } from './not-converged.js';

/** Slopes within this share of the terms they are sums of are rounding. */
const rounding = 1e-13;
/** What a solution may be off by where rounding lets no better one be found. */
const allowed = 1e-6;

/**
 * The active set method of Lawson and Hanson, for a quadratic instead of a least-squares problem:
 *
 * $$ \arg\min_{y \ge 0} \tfrac12 y^\top H y - b^\top y $$
 *
 * where H is positive semidefinite and b in its range. Entries are free or 0; while some entry at 0 would lower the value, it becomes
 * free, and the free ones move to their minimum as far as none becomes negative; those that reach 0 stay there. All entries that would lower the
 * value are tried at once, one alone only where that led nowhere.
 *
 * @param matrix H, row-major `[k, k]`. Rows may be of very different sizes.
 * @param right b `[k]`.
 * @param start Entries that are probably free; right guesses save time, wrong ones do no harm.
 * @throws `POLYTASK_SOLVER` where it does not come to an end.
 */
export function nonNegativeQuadratic(
  matrix: Float64Array,
  right: ArrayLike<number>,
  start: readonly number[] = [],
): Float64Array {
  const k = right.length;
  const sizes = Float64Array.from({ length: k }, (_, i) => Math.sqrt(Math.max(0, matrix[i * k + i] as number)));
  const inverse = sizes.map((size) => (size > 0 ? 1 / size : 0));
  const h = new Float64Array(k * k);
  for (let i = 0; i < k; i++) {
    for (let j = 0; j < k; j++) {
      h[i * k + j] = (matrix[i * k + j] as number) * (inverse[i] as number) * (inverse[j] as number);
    }
  }
  const b = inverse.map((factor, i) => factor * (right[i] as number));
  let y: Float64Array = new Float64Array(k);
  let factor: Factor = { kept: [], rows: [] };
  if (start.length > 0) ({ y, factor } = settled(h, b, y, start, factor));
  let alone = false;
  const refused = new Set<number>();
  for (let n = 0; n < 10 * k + 50; n++) {
    const gains = slopes(h, b, y);
    const candidates = [...gains.keys()].filter(
      (i) => (gains[i] as number) > rounding && !factor.kept.includes(i) && !refused.has(i),
    );
    if (candidates.length === 0) return y.map((value, i) => value * (inverse[i] as number));
    const steepest = candidates.reduce((best, i) => ((gains[i] as number) > (gains[best] as number) ? i : best));
    const before = factor.kept;
    ({ y, factor } = settled(h, b, y, [...before, ...(alone ? [steepest] : candidates)], factor));
    if (factor.kept.some((i) => !before.includes(i))) {
      alone = false;
      refused.clear();
    } else if (alone) refused.add(steepest);
    else alone = true;
  }
  const off = Math.max(...slopes(h, b, y));
  if (off > allowed) throw notConverged('A quadratic problem of the tasks’ gradients', off, allowed);
  return y.map((value, i) => value * (inverse[i] as number));
}

/** How steeply the value falls with every entry, as a share of the terms that the slope is the sum of. */
function slopes(h: Float64Array, b: Float64Array, y: Float64Array): Float64Array {
  const k = b.length;
  const result = new Float64Array(k);
  for (let i = 0; i < k; i++) {
    let sum = b[i] as number;
    let size = Math.abs(sum);
    for (let j = 0; j < k; j++) {
      const term = (h[i * k + j] as number) * (y[j] as number);
      sum -= term;
      size += Math.abs(term);
    }
    result[i] = size === 0 ? 0 : sum / size;
  }
  return result;
}

/** From y, the way to the minimum over these free entries, as far as none becomes negative, and so on without those that reach 0. */
function settled(h: Float64Array, b: Float64Array, from: Float64Array, chosen: readonly number[], known: Factor) {
  const k = b.length;
  let y = from;
  let set = chosen;
  let factor = known;
  for (;;) {
    factor = factorize(h, k, set, factor);
    const { kept } = factor;
    const target = new Float64Array(k);
    // Twice, the second time for what rounding left over.
    for (let n = 0; n < 2; n++) {
      const left = kept.map((i) => (b[i] as number) - (n === 0 ? 0 : dot(h.subarray(i * k, (i + 1) * k), target)));
      const values = solveFactored(factor, left);
      for (let at = 0; at < kept.length; at++) {
        const i = kept[at] as number;
        target[i] = (target[i] as number) + (values[at] as number);
      }
    }
    const below = kept.filter((i) => !((target[i] as number) > 0));
    if (below.length === 0) return { y: target, factor };
    const reach = (i: number) => {
      const value = y[i] as number;
      return value <= 0 ? 0 : value / (value - (target[i] as number));
    };
    const step = Math.min(...below.map(reach));
    const gone = new Set(below.filter((i) => reach(i) <= step));
    const left = kept.filter((i) => !gone.has(i));
    const moved = new Float64Array(k);
    for (const i of left) moved[i] = (y[i] as number) + step * ((target[i] as number) - (y[i] as number));
    y = moved;
    set = left;
  }
}
