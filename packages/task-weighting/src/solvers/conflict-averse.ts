import { compactMatrix, unitGramian } from '@polytask/core';
import { diagonal, product, squaredLength, sumOf } from './dense.js';
import { minimumNorm } from './minimum-norm.js';
import { notConverged } from './not-converged.js';

const iterations = 200;
/** Of the logarithm of λ. */
const precision = 1e-11;
const allowed = 1e-6;
/** A combination shorter than this share of its terms is rounding, where G is made of float32 gradients. */
const shortest = 2 ** -11;

/**
 * The direction within a distance of $c \lVert g_0 \rVert$ of the mean gradient that does most for the task it does least for, in terms of
 * the gradients: $d = \sum_i v_i g_i$.
 *
 * By duality $d = g_0 + \lambda g_w$, where $g_w = \sum_i w_i g_i$ makes $g_0 + \lambda g_w$ the shortest combination of the points
 * $g_0 + \lambda g_i$, and λ > 0 is the one number with $\lambda \lVert g_w \rVert = c \lVert g_0 \rVert$. The left side grows with λ.
 *
 * Gradients of zero have their share of g_0 and no other. Where gradients cancel there is no such λ; then it is the largest that rounding in
 * float32 leaves a meaning to.
 *
 * @param gramian G, row-major `[k, k]`.
 * @param c Radius, as a share of the length of the mean gradient.
 * @throws `POLYTASK_SOLVER` where λ is not found.
 */
export function conflictAverse(gramian: Float64Array, c: number): Float64Array {
  const { gramian: unit } = unitGramian(gramian);
  const all = diagonal(unit);
  const alive = [...all.keys()].filter((i) => (all[i] as number) > 0);
  const found = all.map(() => 1 / all.length);
  const correction = corrected(compactMatrix(unit, alive, all.length), c, 1 / all.length);
  alive.forEach((i, at) => {
    found[i] = (found[i] as number) + (correction[at] as number);
  });
  return found;
}

/** λ w. */
function corrected(g: Float64Array, c: number, share: number): Float64Array {
  const squares = diagonal(g);
  const k = squares.length;
  const along = product(g, new Float64Array(k).fill(share));
  const square = Math.max(0, share * sumOf(along));
  const radius = c * Math.sqrt(square);
  if (radius === 0) return new Float64Array(k);

  let weights: Float64Array = minimumNorm(g);
  const least = lengthOf(g, weights);
  const longest = Math.sqrt(Math.max(...squares));
  const points = new Float64Array(k * k);
  /** log(λ ‖g_w‖ / radius) at the logarithm of λ. */
  const excess = (logarithm: number) => {
    const lambda = Math.exp(logarithm);
    for (let i = 0; i < k; i++) {
      for (let j = 0; j < k; j++) {
        const ends = (along[i] as number) + (along[j] as number);
        points[i * k + j] = square + lambda * ends + lambda * lambda * (g[i * k + j] as number);
      }
    }
    const before = [...weights.keys()].filter((i) => (weights[i] as number) > 0);
    weights = minimumNorm(points, before);
    return Math.log(lambda) + Math.log(Math.max(Math.sqrt(squaredLength(g, weights)), Number.MIN_VALUE) / radius);
  };
  const lambda = Math.exp(root(excess, Math.log(radius / longest), Math.log(radius / least)));
  return weights.map((weight) => lambda * weight);
}

/** The length of the combination, but not less than rounding of its terms. */
function lengthOf(g: Float64Array, weights: Float64Array): number {
  const terms = diagonal(g).map((square, i) => (weights[i] as number) * Math.sqrt(square));
  return Math.max(Math.sqrt(squaredLength(g, weights)), shortest * sumOf(terms));
}

/** Where an increasing function is 0, by the Illinois method; the ends where it does not change its sign between them. */
function root(of: (x: number) => number, from: number, to: number): number {
  let [low, high] = [from, to];
  let [below, above] = [of(low), of(high)];
  if (above <= 0) return high;
  if (below >= 0) {
    of(low);
    return low;
  }
  let side = 0;
  let width = Number.POSITIVE_INFINITY;
  for (let n = 0; n < iterations; n++) {
    // Every third time the middle, if the interval has hardly become smaller: for functions that are flat on one side.
    const slow = n % 3 === 2 && high - low > width / 4;
    if (n % 3 === 2) width = high - low;
    const x = slow ? (low + high) / 2 : (low * above - high * below) / (above - below);
    const value = of(x);
    if (Math.abs(value) <= precision || high - low <= precision) return x;
    if (value > 0) {
      [high, above] = [x, value];
      if (side === 1) below /= 2;
      side = 1;
    } else {
      [low, below] = [x, value];
      if (side === -1) above /= 2;
      side = -1;
    }
  }
  if (high - low > allowed) throw notConverged('The radius around the mean gradient', high - low, allowed);
  return low;
}
