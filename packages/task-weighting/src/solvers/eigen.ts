import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { notConverged } from './not-converged.js';

/** Eigenvalues in ascending order, and their vectors. */
export interface Eigen {
  readonly values: Float64Array;
  /** Vector n is column n, row-major `[k, k]`. */
  readonly vectors: Float64Array;
}

/** Eigenvalues and vectors of a symmetric matrix, row-major `[k, k]`. Errors: `POLYTASK_SOLVER` for numbers that are not finite. */
export function symmetricEigen(matrix: Float64Array, k: number): Eigen {
  const bad = matrix.find((value) => !Number.isFinite(value));
  if (bad !== undefined)
    throw notConverged('The eigenvalues of the inner products of gradients', bad, rankTolerance(k));
  const found = new EigenvalueDecomposition(Matrix.from1DArray(k, k, matrix), { assumeSymmetric: true });
  return {
    values: Float64Array.from(found.realEigenvalues),
    vectors: Float64Array.from(found.eigenvectorMatrix.to1DArray()),
  };
}

/**
 * f(A) b by eigenvalues: $\sum_n f(\lambda_n) \, (v_n \cdot b) \, v_n$.
 *
 * @param of f; what it gives 0 for is left out.
 */
export function applySpectral(
  { values, vectors }: Eigen,
  of: (eigenvalue: number) => number,
  right: ArrayLike<number>,
): Float64Array {
  const k = values.length;
  const result = new Float64Array(k);
  for (let n = 0; n < k; n++) {
    const factor = of(values[n] as number);
    if (factor === 0) continue;
    let along = 0;
    for (let i = 0; i < k; i++) along += (vectors[i * k + n] as number) * (right[i] as number);
    for (let i = 0; i < k; i++) result[i] = (result[i] as number) + factor * along * (vectors[i * k + n] as number);
  }
  return result;
}

/** Below this share of the largest, an eigenvalue of a Gramian of float32 gradients is rounding. */
export const rankTolerance = (k: number): number => k * 2 ** -23;

/** A⁺ b of a positive semidefinite matrix: eigenvalues that are rounding count as 0. */
export function pseudoSolve(matrix: Float64Array, right: ArrayLike<number>): Float64Array {
  const k = right.length;
  const eigen = symmetricEigen(matrix, k);
  const least = rankTolerance(k) * Math.max(0, ...eigen.values);
  return applySpectral(eigen, (value) => (value > least ? 1 / value : 0), right);
}
