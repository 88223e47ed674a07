import { requireOption, ShapeMismatchError } from '@polytask/core';
import { Matrix, SVD } from 'ml-matrix';

/** Rows of numbers, all of the same length: features of samples, outputs, one-hot labels. */
export type Rows = readonly ArrayLike<number>[];

/** K × K numbers between tasks, row by row. */
export type TaskMatrix = readonly (readonly number[])[];

/** Rows as a matrix. Errors: `POLYTASK_INVALID_OPTION` where there is none, or they differ in length. */
export function matrixOf(rows: Rows, name: string): Matrix {
  const width = rows[0]?.length ?? 0;
  requireOption(width > 0, name, 'at least one row of at least one number', rows.length);
  const other = rows.find(({ length }) => length !== width);
  requireOption(other === undefined, name, `rows of the same length, ${width}`, other?.length);
  return new Matrix(rows);
}

/** Errors: `POLYTASK_SHAPE_MISMATCH` where two things that belong row by row together have different numbers of rows. */
export function requireSameRows(name: string, rows: { readonly length: number }, others: { readonly length: number }) {
  if (rows.length !== others.length) throw new ShapeMismatchError(name, `[${others.length}, ...]`, [rows.length]);
}

/** Errors: `POLYTASK_SHAPE_MISMATCH` for what is not K × K. */
export function requireTaskMatrix(name: string, matrix: TaskMatrix): void {
  const other = matrix.find(({ length }) => length !== matrix.length);
  if (other !== undefined) {
    throw new ShapeMismatchError(name, [matrix.length, matrix.length], [matrix.length, other.length]);
  }
}

/** A K × K matrix from a function of row and column. */
export function taskMatrix(k: number, of: (i: number, j: number) => number): number[][] {
  return Array.from({ length: k }, (_, i) => Array.from({ length: k }, (__, j) => of(i, j)));
}

/** Every column less its mean. */
export function centred(matrix: Matrix): Matrix {
  return matrix.clone().center('column');
}

/** U, Σ (descending) and V of X = U Σ Vᵀ, for matrices of any shape. */
export function singularValues(matrix: Matrix): { left: Matrix; values: number[]; right: Matrix } {
  const { leftSingularVectors, diagonal, rightSingularVectors } = new SVD(matrix, { autoTranspose: true });
  return { left: leftSingularVectors, values: diagonal, right: rightSingularVectors };
}

/** Σ xᵢ² of all entries. */
export function squaredNorm(matrix: Matrix): number {
  return matrix.norm('frobenius') ** 2;
}
