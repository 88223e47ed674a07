import { gradientCosines, gradientNorms } from '@polytask/core';
import { factorize, solveFactored } from './cholesky.js';
import { notConverged } from './not-converged.js';
import { wellPosed } from './well-posed.js';

const iterations = 500;
/** Newton's last step, relative to the weights; squared, it is below rounding. */
const lastStep = 1e-10;
/** Sides of an equation that differ by this share of the terms in them are equal but for rounding. */
const rounding = 1e-13;
const allowed = 1e-7;

/**
 * The weights α > 0 of bargaining between tasks:
 *
 * $$ (G \alpha)_i = c_i \, \alpha_i^{-e}, \qquad\text{the minimum of}\quad \tfrac12 \alpha^\top G \alpha - \sum_i c_i \varphi_e(\alpha_i),
 * \quad \varphi_e'(x) = x^{-e} $$
 *
 * by Newton's method in the logarithms' scale, for unit gradients, so that gradients of very different lengths do no harm. A task whose
 * gradient is zero gets weight 0. Where gradients cancel there is no solution; then the smallest eigenvalue of the cosines is raised to that of
 * rounding in float32, and the direction is close to 0.
 *
 * @param gramian G, row-major `[k, k]`.
 * @param coefficients c, positive.
 * @param exponent e, positive.
 * @throws `POLYTASK_SOLVER` where Newton's method does not converge.
 */
export function bargainingWeights(
  gramian: Float64Array,
  coefficients: ArrayLike<number>,
  exponent: number,
): Float64Array {
  const norms = gradientNorms(gramian);
  const k = norms.length;
  const alive = [...norms.keys()].filter((i) => (norms[i] as number) > 0);
  const n = alive.length;
  const every = gradientCosines(gramian);
  const cosines = wellPosed(Float64Array.from(alive.flatMap((i) => alive.map((j) => every[i * k + j] as number))), n);
  const lengths = alive.map((i) => norms[i] as number);
  // With β_i = α_i ‖g_i‖: (C β)_i = r_i β_i^−e.
  const right = Float64Array.from(
    alive,
    (i, at) => (coefficients[i] as number) * (lengths[at] as number) ** (exponent - 1),
  );
  const beta = solve(cosines, right, exponent);
  const weights = new Float64Array(k);
  alive.forEach((i, at) => {
    weights[i] = (beta[at] as number) / (lengths[at] as number);
  });
  return weights;
}

/** β > 0 with (C β)_i = r_i β_i^−e. In δ = Δβ / β Newton's step is (β_i C_ij β_j + e q_i 1_ij) δ = q − β ∘ C β, q_i = r_i β_i^(1−e). */
function solve(cosines: Float64Array, right: Float64Array, exponent: number): Float64Array {
  const k = right.length;
  const all = Array.from({ length: k }, (_, i) => i);
  // The solution of unit gradients that are orthogonal.
  const beta = right.map((value) => value ** (1 / (1 + exponent)));
  const [system, scaled, residual, delta] = [k * k, k, k, k].map((size) => new Float64Array(size)) as Buffers;
  let off = Number.POSITIVE_INFINITY;
  for (let n = 0; n < iterations; n++) {
    off = 0;
    for (let i = 0; i < k; i++) {
      const own = beta[i] as number;
      const q = (right[i] as number) * own ** (1 - exponent);
      let [pull, terms] = [0, 0];
      for (let j = 0; j < k; j++) {
        const term = (cosines[i * k + j] as number) * (beta[j] as number);
        pull += term;
        terms += Math.abs(term);
      }
      // Rows and columns divided by the root of the diagonal.
      const size = Math.sqrt(own * own * (cosines[i * (k + 1)] as number) + exponent * q);
      scaled[i] = own / size;
      residual[i] = (q - own * pull) / size;
      off = Math.max(off, Math.abs(q - own * pull) / (q + own * terms));
    }
    for (let i = 0; i < k; i++) {
      for (let j = 0; j < i; j++) {
        system[i * k + j] = (cosines[i * k + j] as number) * (scaled[i] as number) * (scaled[j] as number);
      }
      system[i * (k + 1)] = 1;
    }
    const factor = factorize(system, k, all);
    const solved = solveFactored(
      factor,
      factor.kept.length === k ? residual : factor.kept.map((i) => residual[i] as number),
    );
    delta.fill(0);
    let [size, shrinks] = [0, 0];
    factor.kept.forEach((i, at) => {
      const step = ((solved[at] as number) * (scaled[i] as number)) / (beta[i] as number);
      delta[i] = step;
      size = Math.max(size, Math.abs(step));
      shrinks = Math.max(shrinks, -step);
    });
    if (off < rounding && size >= lastStep) return beta;
    const step = stepLength(shrinks, exponent);
    // No entry becomes 0 by rounding.
    for (let i = 0; i < k; i++) beta[i] = (beta[i] as number) * Math.max(1e-6, 1 + step * (delta[i] as number));
    if (size < lastStep) return beta;
  }
  if (off < allowed) return beta;
  throw notConverged('The bargaining between the tasks', off, allowed);
}

type Buffers = [Float64Array, Float64Array, Float64Array, Float64Array];

/**
 * How far the value is sure to fall along δ. Where β_i shrinks to 1 − s m of itself, m being the most that any shrinks by, curvature grows to at most
 * (1 − s m)^−(1 + e) times what it was, so that the slope stays below 0 until s m = 1 − (1 + e m)^(−1/e).
 */
function stepLength(most: number, exponent: number): number {
  return most < 0.1 ? 1 : (1 - (1 + exponent * most) ** (-1 / exponent)) / most;
}
