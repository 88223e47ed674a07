/**
 * Norms of the tasks' gradients.
 *
 * $$ \lVert g_k \rVert = \sqrt{G_{kk}} $$
 *
 * @param gramian G = J Jᵀ, row-major `[K, K]`.
 * @returns `[K]`; 0 where rounding made a square negative.
 * @example
 * ```ts
 * import { gradientNorms } from '@polytask/core';
 *
 * gradientNorms(Float64Array.of(9, -12, -12, 16)); // => Float64Array(2) [ 3, 4 ]
 * ```
 */
export function gradientNorms(gramian: Float64Array): Float64Array {
  const k = sideOf(gramian);
  return Float64Array.from({ length: k }, (_, i) => Math.sqrt(Math.max(0, gramian[i * (k + 1)] as number)));
}

/**
 * Cosines between the tasks' gradients: at most 1 in size, 1 on the diagonal, and 0 with a gradient of zero.
 *
 * $$ C_{ij} = \frac{G_{ij}}{\lVert g_i \rVert \, \lVert g_j \rVert} $$
 *
 * @param gramian G = J Jᵀ, row-major `[K, K]`; norms of 1e-150 to 1e150 do no harm.
 * @returns Row-major `[K, K]`.
 * @example
 * ```ts
 * import { gradientCosines } from '@polytask/core';
 *
 * gradientCosines(Float64Array.of(9, -6, -6, 16)); // => Float64Array(4) [ 1, -0.5, -0.5, 1 ]
 * ```
 */
export function gradientCosines(gramian: Float64Array): Float64Array {
  const norms = gradientNorms(gramian);
  const k = norms.length;
  // Loops: `map` takes several times as long, and such passes are most of what small problems cost.
  const cosines = new Float64Array(gramian.length);
  for (let i = 0, at = 0; i < k; i++) {
    const a = norms[i] as number;
    for (let j = 0; j < k; j++, at++) {
      const b = norms[j] as number;
      if (i === j) cosines[at] = 1;
      // One norm after the other: their product may be too large or too small for a number.
      else if (a > 0 && b > 0) cosines[at] = Math.min(1, Math.max(-1, (gramian[at] as number) / a / b));
    }
  }
  return cosines;
}

/**
 * A Gramian of ordinary size, for solvers with tolerances: divided by its largest diagonal entry.
 *
 * $$ \hat G = \frac{G}{s}, \qquad s = \max_k G_{kk} $$
 *
 * @param gramian G = J Jᵀ, row-major `[K, K]`.
 * @returns Ĝ, and s; s is 1 where all gradients are zero.
 * @example
 * ```ts
 * import { unitGramian } from '@polytask/core';
 *
 * unitGramian(Float64Array.of(1e-40, 0, 0, 4e-40)).gramian; // => Float64Array(4) [ 0.25, 0, 0, 1 ]
 * ```
 */
export function unitGramian(gramian: Float64Array): { readonly gramian: Float64Array; readonly scale: number } {
  const k = sideOf(gramian);
  let scale = 0;
  for (let i = 0; i < k; i++) scale = Math.max(scale, gramian[i * (k + 1)] as number);
  if (scale === 0) return { gramian: gramian.slice(), scale: 1 };
  const unit = new Float64Array(gramian.length);
  for (let at = 0; at < unit.length; at++) unit[at] = (gramian[at] as number) / scale;
  return { gramian: unit, scale };
}

/** K of a matrix `[K, K]`. */
function sideOf(matrix: Float64Array): number {
  return Math.round(Math.sqrt(matrix.length));
}
