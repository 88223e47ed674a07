import { type Factor, factorize, solveFactored } from './cholesky.js';
import { diagonal, rescaled, subtractMultiple } from './dense.js';
import { notConverged } from './not-converged.js';

/** Slopes within this share of the terms they are sums of are rounding. */
const rounding = 1e-13;
/** What a solution may be off by where rounding lets no better one be found. */
const allowed = 1e-6;
/** How often block pivoting may leave as many wrong entries as before; Júdice and Pires allow ten, Kim and Park three. */
const patience = 3;

/**
 * A quadratic of entries that are not negative:
 *
 * $$ \arg\min_{y \ge 0} \tfrac12 y^\top H y - b^\top y $$
 *
 * where H is positive semidefinite and b in its range. Block pivoting solves what is well-posed in three or four factorisations, the active set method
 * the rest.
 *
 * @param matrix H, row-major `[k, k]`. Rows may be of very different sizes.
 * @param right b `[k]`.
 * @param start Entries that are probably free, if that is known; right guesses save time, wrong ones do no harm.
 * @throws `POLYTASK_SOLVER` where it does not come to an end.
 */
export function nonNegativeQuadratic(
  matrix: Float64Array,
  right: ArrayLike<number>,
  start?: readonly number[],
): Float64Array {
  const { unit, inverse } = withUnitDiagonal(matrix);
  const b = inverse.map((factor, i) => factor * (right[i] as number));
  const y = blockPivoting(unit, b, start) ?? activeSet(unit, b, start ?? []);
  return y.map((value, i) => value * (inverse[i] as number));
}

/** S H S with a diagonal of ones, or noughts where H has some, and the diagonal of S. */
export function withUnitDiagonal(matrix: Float64Array): { unit: Float64Array; inverse: Float64Array } {
  const inverse = diagonal(matrix).map((square) => (square > 0 ? 1 / Math.sqrt(square) : 0));
  return { unit: rescaled(matrix, inverse), inverse };
}

/**
 * Block principal pivoting of Júdice and Pires: the entries that are not 0 go to their minimum, whatever its signs; then all that became negative
 * return to 0, and all at 0 that would lower the value become free. It need not end, so it gives up where that stops helping.
 *
 * @param h With a diagonal of ones.
 * @returns Nothing where it gave up.
 */
export function blockPivoting(
  h: Float64Array,
  b: Float64Array,
  start: readonly number[] = probablyFree(h, b),
): Float64Array | undefined {
  const k = b.length;
  let chosen = start;
  let fewest = k + 1;
  for (let tries = patience; tries > 0; ) {
    const factor = factorize(h, k, chosen);
    const y = new Float64Array(k);
    addSolved(y, factor, b);
    const left = slopes(h, b, y, factor.kept);
    // Entries that depend on others, which stay out, count as tried.
    const tried = new Uint8Array(k);
    for (const i of chosen) tried[i] = 1;
    const lower: number[] = [];
    for (let i = 0; i < k; i++) if (tried[i] === 0 && gainOf(h, b, y, left, i) > rounding) lower.push(i);
    // Once more, for what rounding left over.
    if (lower.length === 0) addSolved(y, factor, left);
    const free = factor.kept.filter((i) => (y[i] as number) > 0);
    const wrong = lower.length + factor.kept.length - free.length;
    if (wrong === 0) return y;
    if (wrong < fewest) [fewest, tries] = [wrong, patience];
    else tries--;
    chosen = [...free, ...lower];
  }
  return undefined;
}

/** What three rounds of coordinate descent leave above 0: of nearly orthogonal gradients, nearly always the right ones. */
function probablyFree(h: Float64Array, b: Float64Array): number[] {
  const k = b.length;
  const y = new Float64Array(k);
  const left = b.slice();
  for (let n = 0; n < 3; n++) {
    for (let i = 0; i < k; i++) {
      const step = Math.max(left[i] as number, -(y[i] as number));
      if (step === 0) continue;
      y[i] = (y[i] as number) + step;
      subtractMultiple(left, 0, h, i * k, k, step);
    }
  }
  return [...y.keys()].filter((i) => (y[i] as number) > 0);
}

/**
 * The active set method of Lawson and Hanson, for a quadratic instead of a least-squares problem. Entries are free or 0; while some entry at 0
 * would lower the value, it becomes free, and the free ones move to their minimum as far as none becomes negative; those that reach 0 stay there.
 * All entries that would lower the value are tried at once, one alone only where that led nowhere.
 *
 * @param h With a diagonal of ones.
 * @throws `POLYTASK_SOLVER` where it does not come to an end.
 */
export function activeSet(h: Float64Array, b: Float64Array, start: readonly number[]): Float64Array {
  const k = b.length;
  let { y, factor } = settled(h, b, new Float64Array(k), start);
  let alone = false;
  const refused = new Set<number>();
  for (let n = 0; n < 10 * k + 50; n++) {
    const gains = gainsOf(h, b, y, factor.kept);
    const candidates = [...gains.keys()].filter(
      (i) => (gains[i] as number) > rounding && !factor.kept.includes(i) && !refused.has(i),
    );
    if (candidates.length === 0) return y;
    const steepest = candidates.reduce((best, i) => ((gains[i] as number) > (gains[best] as number) ? i : best));
    const before = factor.kept;
    ({ y, factor } = settled(h, b, y, [...before, ...(alone ? [steepest] : candidates)]));
    if (factor.kept.some((i) => !before.includes(i))) {
      alone = false;
      refused.clear();
    } else if (alone) refused.add(steepest);
    else alone = true;
  }
  const off = Math.max(...gainsOf(h, b, y, factor.kept));
  if (off > allowed) throw notConverged('A quadratic problem of the tasks’ gradients', off, allowed);
  return y;
}

/** b − H y: how steeply the value falls with every entry. */
function slopes(h: Float64Array, b: Float64Array, y: Float64Array, free: readonly number[]): Float64Array {
  const k = b.length;
  const left = b.slice();
  for (const j of free) subtractMultiple(left, 0, h, j * k, k, y[j] as number);
  return left;
}

/** A slope as a share of the terms that it is the sum of; 0 where the value does not fall. */
function gainOf(h: Float64Array, b: Float64Array, y: Float64Array, left: Float64Array, i: number): number {
  const slope = left[i] as number;
  if (!(slope > 0)) return 0;
  const k = b.length;
  let size = Math.abs(b[i] as number);
  for (let j = 0; j < k; j++) size += Math.abs((h[i * k + j] as number) * (y[j] as number));
  return slope / size;
}

function gainsOf(h: Float64Array, b: Float64Array, y: Float64Array, free: readonly number[]): Float64Array {
  const left = slopes(h, b, y, free);
  return left.map((_, i) => gainOf(h, b, y, left, i));
}

/** y moved to the minimum over the free entries, of which these slopes are left. */
function addSolved(y: Float64Array, factor: Factor, left: Float64Array): void {
  const { kept } = factor;
  const values = solveFactored(
    factor,
    kept.map((i) => left[i] as number),
  );
  for (let at = 0; at < kept.length; at++) {
    const i = kept[at] as number;
    y[i] = (y[i] as number) + (values[at] as number);
  }
}

/** From y, the way to the minimum over these free entries, as far as none becomes negative, and so on without those that reach 0. */
function settled(h: Float64Array, b: Float64Array, from: Float64Array, chosen: readonly number[]) {
  const k = b.length;
  let y = from;
  let set = chosen;
  for (;;) {
    const factor = factorize(h, k, set);
    const { kept } = factor;
    const target = new Float64Array(k);
    addSolved(target, factor, b);
    // Once more, for what rounding left over.
    addSolved(target, factor, slopes(h, b, target, kept));
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
